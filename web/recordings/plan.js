/** What is played: windows of a camera's footage, one after the other, over files and gaps. Pure. */
import { endOfRun, firstAfter } from "./footage.js";

// Long enough that loading is rare, short enough that the first picture comes at once.
const WINDOW_MS = 120_000;
const LONGEST_MS = 1_200_000;
// Less is left to the window before it: it would be loaded for nothing.
const REST_MS = 5_000;
// Less footage is waited for: it is still being written.
const LEAST_MS = 40;
// Time that a click on the end of a gap or into rounding may miss footage by, without a word.
const SILENT_MS = 500;

/**
 * Return {fromMs, toMs, skipped} that is played from a time on, or null when nothing comes after it.
 * `skipped` is {fromMs, toMs} of the time without footage that is left out before it, or null.
 */
export function nextWindow(spans, ms, rate = 1) {
  for (let at = firstAfter(spans, ms); at < spans.length; at += 1) {
    const span = spans[at];
    if (!span.isVideo) continue;
    const fromMs = Math.max(ms, span.fromMs);
    const endMs = endOfRun(spans, span);
    if (endMs - fromMs < LEAST_MS) continue;
    return { fromMs, toMs: windowEnd(fromMs, endMs, rate), skipped: skippedBefore(ms, fromMs) };
  }
  return null;
}

/** Return the window that has a time near its end, for stepping back out of the one that begins there; or null. */
export function windowBefore(spans, ms) {
  const span = spans.findLast((one) => one.isVideo && one.fromMs < ms);
  if (!span) return null;
  const toMs = Math.min(ms, span.toMs);
  return { fromMs: Math.max(span.fromMs, toMs - WINDOW_MS / 6), toMs, skipped: null };
}

/** Return the time that a position (seconds) in a window's video stands for. */
export function timeAt(window, positionS) {
  return window.startMs + positionS * 1000;
}

/** Return the position in a window's video for a time, or null when it is not in it. */
export function positionOf(window, ms) {
  return ms >= window.fromMs && ms < window.toMs ? (ms - window.startMs) / 1000 : null;
}

/** Return whether the window after this one is to be loaded now: its pictures are there before they are due. */
export function isNextDue(leftS, rate) {
  return leftS < Math.max(6, 3 * rate);
}

function windowEnd(fromMs, endMs, rate) {
  const toMs = fromMs + Math.min(LONGEST_MS, WINDOW_MS * Math.max(1, rate));
  return endMs - toMs < REST_MS ? endMs : toMs;
}

function skippedBefore(ms, fromMs) {
  return fromMs - ms > SILENT_MS ? { fromMs: ms, toMs: fromMs } : null;
}
