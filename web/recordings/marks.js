/** The marked range: where it begins and ends. Pure. */

export const RATES = [0.25, 0.5, 1, 2, 4, 8, 16];
// Marks nearer than this would hold no picture.
const LEAST_MS = 100;

/** Return {inMs, outMs} after one of them was set ("in" or "out"), or both removed (null); the other gives way. */
export function marked({ inMs, outMs }, which, ms) {
  if (which === null) return { inMs: null, outMs: null };
  if (which === "in") return { inMs: ms, outMs: outMs !== null && outMs < ms + LEAST_MS ? null : outMs };
  return { inMs: inMs !== null && inMs > ms - LEAST_MS ? null : inMs, outMs: ms };
}

/** Return whether the marks enclose a range. */
export function isWhole({ inMs, outMs }) {
  return inMs !== null && outMs !== null;
}

/** Return the next faster (1) or slower (-1) rate. */
export function nextRate(rate, by) {
  const at = RATES.indexOf(rate);
  return RATES[Math.min(RATES.length - 1, Math.max(0, at + by))];
}

/** "¼×", "1×", "16×" */
export function rateText(rate) {
  return `${{ 0.25: "¼", 0.5: "½" }[rate] ?? rate}×`;
}

/** "340 MB": what people call bytes on a disk. */
export function sizeText(bytes) {
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
  if (bytes < 9_950_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  if (bytes < 999_500_000) return `${Math.round(bytes / 1e6)} MB`;
  return `${(bytes / 1e9).toFixed(bytes < 9.95e9 ? 1 : 0)} GB`;
}
