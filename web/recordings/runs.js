/** What is painted of ranges: pixels, of which each is painted once, however many ranges lie in it. Pure. */
import { xOf } from "./axis.js";
import { firstAfter } from "./footage.js";

/**
 * Return [{x, width, range}] of an ordered list of ranges that are in view. What is narrower than a pixel is a pixel
 * wide, or nobody would see it; ranges of one look (`keyOf`) that fall together are one.
 */
export function runs(ranges, view, widthPx, keyOf = () => "") {
  const found = [];
  let [endX, key] = [-1, null];
  for (let at = firstAfter(ranges, view.fromMs); at < ranges.length && ranges[at].fromMs < view.toMs; at += 1) {
    const range = ranges[at];
    const x = Math.max(0, xOf(view, widthPx, range.fromMs));
    const toX = Math.min(widthPx, Math.max(xOf(view, widthPx, range.toMs), x + 1));
    const ownKey = keyOf(range);
    if (found.length && ownKey === key && x <= endX + 0.5) found.at(-1).width = Math.max(endX, toX) - found.at(-1).x;
    else if (toX > endX || ownKey !== key) found.push({ x, width: toX - x, range });
    endX = Math.max(endX, toX);
    key = ownKey;
  }
  return found;
}
