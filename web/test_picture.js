// Reads the test picture that native peers send with `--video synthetic`. Geometry and code are described in
// src/devices/test_picture.h; this is the same reader for the pixels of a <canvas>.

const COLUMNS = 16;
const ROWS = 12;
const CODE_ROW = 10;
const MID_GREY = 128;
const DOUBT = 20;

// White, yellow, cyan, green, magenta, red, blue, black: which of red, green and blue are lit.
const BARS = [[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]];

// Mean red, green and blue over the middle half of a run of cells.
function middle({ width, height, data }, column, row, columns, rows) {
  const left = Math.floor((column * width) / COLUMNS);
  const right = Math.floor(((column + columns) * width) / COLUMNS);
  const top = Math.floor((row * height) / ROWS);
  const bottom = Math.floor(((row + rows) * height) / ROWS);
  const x0 = left + Math.floor((right - left) / 4);
  const y0 = top + Math.floor((bottom - top) / 4);
  const x1 = x0 + Math.max(1, Math.floor((right - left) / 2));
  const y1 = y0 + Math.max(1, Math.floor((bottom - top) / 2));
  const sum = [0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      for (let c = 0; c < 3; c++) sum[c] += data[4 * (y * width + x) + c];
    }
  }
  return sum.map((s) => s / ((x1 - x0) * (y1 - y0)));
}

// CRC-8, polynomial 0x07, initial value 0xFF, over the counter's three bytes.
function crc8(counter) {
  let crc = 0xff;
  for (const shift of [16, 8, 0]) {
    crc ^= (counter >>> shift) & 0xff;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x07 : 0)) & 0xff;
  }
  return crc;
}

function readable({ width, height }) {
  return width >= 64 && height >= 48;
}

// The frame counter (modulo 2^24) of an ImageData, or null when there is none to be read.
export function readFrameCounter(imageData) {
  if (!readable(imageData)) return null;
  let code = 0;
  for (let bit = 0; bit < 32; bit++) {
    const [r, g, b] = middle(imageData, bit % COLUMNS, CODE_ROW + Math.floor(bit / COLUMNS), 1, 1);
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    if (Math.abs(luma - MID_GREY) < DOUBT) return null;
    code = ((code << 1) | (luma > MID_GREY ? 1 : 0)) >>> 0;
  }
  return crc8(code >>> 8) === (code & 0xff) ? code >>> 8 : null;
}

// Whether the eight colour bars are where they belong.
export function isTestPicture(imageData) {
  if (!readable(imageData)) return false;
  return BARS.every((lit, bar) =>
    middle(imageData, 2 * bar, 0, 2, 4).every((level, c) => (lit[c] ? level > 120 && level < 245 : level < 70)));
}
