// Where the tiles go: pure arithmetic, tested in tests/browser/layout.test.mjs.

// The largest rectangle of `aspect` in width × height, centred.
export function fit(width, height, aspect) {
  const w = Math.min(width, height * aspect);
  const h = w / aspect;
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

const shift = (r, x, y) => ({ ...r, x: r.x + x, y: r.y + y });

// Equal cells in the number of columns that makes the tiles largest; a last row that is not full is centred.
function grid(width, height, aspects, gap) {
  const count = aspects.length;
  const typical = aspects.reduce((a, b) => a + b, 0) / count;
  let best = { columns: 1, area: -1 };
  for (let columns = 1; columns <= count; ++columns) {
    const rows = Math.ceil(count / columns);
    const cell = fit((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows, typical);
    if (cell.w * cell.h > best.area + 1) best = { columns, rows, area: cell.w * cell.h };
  }
  const cellWidth = (width - gap * (best.columns - 1)) / best.columns;
  const cellHeight = (height - gap * (best.rows - 1)) / best.rows;
  return aspects.map((aspect, i) => {
    const row = Math.floor(i / best.columns);
    const inRow = row === best.rows - 1 ? count - row * best.columns : best.columns;
    const left = (width - inRow * cellWidth - (inRow - 1) * gap) / 2;
    return shift(fit(cellWidth, cellHeight, aspect), left + (i % best.columns) * (cellWidth + gap), row * (cellHeight + gap));
  });
}

// The pinned one large; the others in a strip above it, or left of it when there is more width than height. (The own
// preview is in the corner right below.)
function spotlight(width, height, aspects, pinned, gap) {
  const others = aspects.filter((_, i) => i !== pinned);
  const tall = height >= width;
  const strip = tall ? Math.min(height * 0.22, 180) : Math.min(width * 0.22, 240);
  const rest = strip + gap;
  const large = tall
    ? shift(fit(width, height - rest, aspects[pinned]), 0, rest)
    : shift(fit(width - rest, height, aspects[pinned]), rest, 0);
  const small = tall ? grid(width, strip, others, gap) : grid(strip, height, others, gap);
  return aspects.map((_, i) => (i === pinned ? large : small.shift()));
}

// Rectangles {x, y, w, h} for tiles of the given aspect ratios (width / height). `pinned` is an index or -1.
export function layoutTiles({ width, height, aspects, pinned = -1, gap = 12 }) {
  if (aspects.length === 0 || width <= 0 || height <= 0) return [];
  if (pinned >= 0 && pinned < aspects.length && aspects.length > 1) return spotlight(width, height, aspects, pinned, gap);
  return grid(width, height, aspects, gap);
}
