// The arithmetic of the page, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutTiles } from '../../web/ui/layout.js';
import { Timeline } from '../../web/timeline.js';

const wide = 16 / 9;

function overlaps(a, b) {
  return a.x < b.x + b.w - 0.01 && b.x < a.x + a.w - 0.01 && a.y < b.y + b.h - 0.01 && b.y < a.y + a.h - 0.01;
}

for (const [width, height] of [[1280, 660], [374, 690], [374, 300], [844, 290]]) {
  for (let count = 1; count <= 16; ++count) {
    for (const pinned of count > 1 ? [-1, 0, count - 1] : [-1]) {
      test(`${count} tiles in ${width}x${height}, pinned ${pinned}: inside, apart, undistorted`, () => {
        const aspects = Array.from({ length: count }, (_, i) => (i % 3 === 2 ? 3 / 4 : wide));
        const rects = layoutTiles({ width, height, aspects, pinned, gap: 10 });
        assert.equal(rects.length, count);
        rects.forEach((r, i) => {
          assert.ok(r.w > 0 && r.h > 0 && r.x >= -0.01 && r.y >= -0.01, JSON.stringify(r));
          assert.ok(r.x + r.w <= width + 0.01 && r.y + r.h <= height + 0.01, JSON.stringify(r));
          assert.ok(Math.abs(r.w / r.h - aspects[i]) < 1e-6);
          for (const other of rects.slice(i + 1)) assert.ok(!overlaps(r, other), `${JSON.stringify(r)} ${JSON.stringify(other)}`);
          if (pinned >= 0 && i !== pinned && aspects[i] === aspects[pinned]) assert.ok(r.w <= rects[pinned].w);
        });
      });
    }
  }
}

test('one tile fills the stage in one direction', () => {
  const [r] = layoutTiles({ width: 1000, height: 1000, aspects: [wide] });
  assert.equal(r.w, 1000);
  assert.ok(Math.abs(r.y - (1000 - r.h) / 2) < 1e-9);
});

test('nobody, or no room, gives no tiles', () => {
  assert.deepEqual(layoutTiles({ width: 100, height: 100, aspects: [] }), []);
  assert.deepEqual(layoutTiles({ width: 0, height: 100, aspects: [1] }), []);
});

test('the timeline keeps the first time of each step, in order', () => {
  const timeline = new Timeline(1000);
  timeline.mark('offer_created', 1020.04);
  timeline.mark('devices_ready', 990); // before the click
  timeline.mark('offer_created', 5000);
  assert.deepEqual(timeline.toJSON(), { devices_ready: 0, offer_created: 20 });
  assert.throws(() => timeline.mark('offer_craeted'), /unknown step/);
});
