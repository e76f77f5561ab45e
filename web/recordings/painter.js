/** Paints the timeline on a canvas: axis, and for each camera its footage, gaps, events and protected ranges. */
import { ticks, xOf } from "./axis.js";
import { familyOf } from "./reasons.js";
import { runs } from "./runs.js";

export const AXIS_PX = 30;
const TEXT_PX = 12;

/** Where things lie in a lane of this height; on narrow pages a camera's name stands above its bar. */
export function laneShape(isNarrow) {
  return isNarrow ? { heightPx: 52, barTopPx: 25, barPx: 20 } : { heightPx: 38, barTopPx: 9, barPx: 20 };
}

/** `scene`: {cameras, view, selectedId, marks, nowMs, shape}; sizes in CSS pixels. */
export function paint(context, palette, widthPx, scene) {
  const heightPx = AXIS_PX + scene.cameras.length * scene.shape.heightPx;
  context.clearRect(0, 0, widthPx, heightPx);
  paintAxis(context, palette, widthPx, heightPx, scene.view);
  scene.cameras.forEach((camera, row) => {
    const topPx = AXIS_PX + row * scene.shape.heightPx;
    paintLane(context, palette, widthPx, topPx, camera, scene);
  });
  paintNow(context, palette, widthPx, heightPx, scene);
  paintMarks(context, palette, widthPx, heightPx, scene);
}

function paintAxis(context, palette, widthPx, heightPx, view) {
  context.font = `500 ${TEXT_PX}px ${palette.font}`;
  context.textBaseline = "middle";
  let takenPx = 0;
  for (const { ms, text, isMajor } of ticks(view, widthPx)) {
    const x = Math.round(xOf(view, widthPx, ms));
    context.fillStyle = palette.get(isMajor ? "line-strong" : "line");
    context.fillRect(x, AXIS_PX - 6, 1, heightPx - AXIS_PX + 6);
    context.fillStyle = palette.get(isMajor ? "ink" : "ink-soft");
    const textPx = context.measureText(text).width;
    const left = Math.min(widthPx - textPx - 2, Math.max(2, x - textPx / 2));
    // At the ends a text is moved in: then it may have no room.
    if (left < takenPx) continue;
    context.fillText(text, left, AXIS_PX / 2 - 2);
    takenPx = left + textPx + TEXT_PX / 2;
  }
}

function paintLane(context, palette, widthPx, topPx, camera, { view, shape }) {
  const barTopPx = topPx + shape.barTopPx;
  const { barPx } = shape;
  context.fillStyle = palette.get("line");
  context.fillRect(0, topPx + shape.heightPx - 1, widthPx, 1);
  for (const { x, width, range } of runs(camera.spans, view, widthPx, lookOf)) {
    context.fillStyle = palette.get(range.isVideo ? "footage" : "footage-raw");
    context.fillRect(x, barTopPx, width, barPx);
    if (!range.isProtected) continue;
    context.fillStyle = palette.get("protected");
    context.fillRect(x, barTopPx + barPx, width, 3);
  }
  // Lower than footage: colour is not the only thing that tells them apart. And after it: the shortest gap is seen.
  const thinPx = Math.round(barPx * 0.4);
  for (const { x, width, range } of runs(camera.gaps, view, widthPx, (gap) => familyOf(gap.reason))) {
    context.fillStyle = palette.get(`gap-${familyOf(range.reason)}`);
    context.fillRect(x, barTopPx + (barPx - thinPx) / 2, width, thinPx);
  }
  for (const { x, width } of runs(camera.events, view, widthPx)) paintEvent(context, palette, x, width, barTopPx);
}

function lookOf(span) {
  return `${span.isVideo} ${span.isProtected}`;
}

/** A little flag above the bar: a triangle where it begins, a line for as long as it lasts. */
function paintEvent(context, palette, x, width, barTopPx) {
  context.fillStyle = palette.get("event");
  context.fillRect(x, barTopPx - 3, Math.max(2, width), 3);
  context.beginPath();
  context.moveTo(x - 4, barTopPx - 6);
  context.lineTo(x + 4, barTopPx - 6);
  context.lineTo(x, barTopPx + 1);
  context.fill();
}

function paintNow(context, palette, widthPx, heightPx, { view, nowMs }) {
  const x = Math.round(xOf(view, widthPx, nowMs));
  if (x < 0 || x > widthPx) return;
  context.fillStyle = palette.get("recording");
  context.fillRect(x, AXIS_PX - 4, 1, heightPx - AXIS_PX + 4);
  context.globalAlpha = 0.5;
  context.fillStyle = palette.get("ground");
  context.fillRect(x + 1, AXIS_PX, widthPx - x, heightPx - AXIS_PX);
  context.globalAlpha = 1;
}

function paintMarks(context, palette, widthPx, heightPx, { view, marks }) {
  const { inMs, outMs } = marks;
  context.fillStyle = palette.get("accent");
  if (inMs !== null && outMs !== null) {
    const [from, to] = [xOf(view, widthPx, inMs), xOf(view, widthPx, outMs)];
    context.globalAlpha = 0.16;
    context.fillRect(from, AXIS_PX, to - from, heightPx - AXIS_PX);
    context.globalAlpha = 1;
  }
  for (const [ms, side] of [[inMs, 1], [outMs, -1]]) {
    if (ms === null) continue;
    const x = Math.round(xOf(view, widthPx, ms));
    context.fillRect(x - 1, AXIS_PX - 8, 2, heightPx - AXIS_PX + 8);
    // A bracket that opens towards the range.
    context.fillRect(side > 0 ? x : x - 6, AXIS_PX - 8, 6, 3);
  }
}
