/** One camera's recordings in a range of time, and what there is at a time of it. Pure. */
import { parseTime } from "./moments.js";

// Spans that differ in something else but time touch each other, up to the rounding of their ends.
const TOUCHING_MS = 100;

/** Return a camera's row of the server's answer in this page's words; what goes on ends at `nowMs`. */
export function readCamera(row, nowMs) {
  const range = ({ from, to }) => ({ fromMs: parseTime(from), toMs: to ? parseTime(to) : nowMs, isOpen: !to });
  const isRange = ({ fromMs, toMs }) => toMs >= fromMs;
  const inOrder = (ranges) => ranges.filter(isRange).sort((one, other) => one.fromMs - other.fromMs);
  return {
    id: row.camera,
    label: row.label || row.camera,
    mode: row.mode ?? "off",
    state: row.state ?? "",
    reason: row.reason ?? "",
    detail: row.detail ?? "",
    sizeBytes: row.size_bytes ?? 0,
    oldestMs: parseTime(row.oldest),
    newestMs: parseTime(row.newest),
    spans: inOrder((row.spans ?? []).map((span) => ({ ...range(span), ...spanFacts(span) }))),
    gaps: inOrder((row.gaps ?? []).map((gap) => ({ ...range(gap), reason: gap.reason, detail: gap.detail ?? "" }))),
    events: inOrder((row.events ?? []).map((event) => ({ ...range(event), id: event.id, name: event.name || "event" }))),
  };
}

function spanFacts(span) {
  return {
    frames: span.frames ?? 0,
    sizeBytes: span.size_bytes ?? 0,
    isVideo: span.kind !== "originals",
    isProtected: span.protected === true,
    shiftS: span.shift_s ?? 0,
  };
}

/** Return a camera without recordings, from its row of /status. */
export function unrecorded(row) {
  const { mode = "off", state = "", reason = "", detail = "" } = row.recording ?? {};
  const empty = { sizeBytes: 0, oldestMs: NaN, newestMs: NaN, spans: [], gaps: [], events: [] };
  return { id: row.id, label: row.label || row.id, mode, state, reason, detail, ...empty };
}

/** Return the index of the first range of an ordered list that ends after a time. */
export function firstAfter(ranges, ms) {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle].toMs > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Return the ranges of an ordered list that overlap a view. */
export function inView(ranges, view) {
  const first = firstAfter(ranges, view.fromMs);
  const after = ranges.findIndex((range, at) => at >= first && range.fromMs >= view.toMs);
  return ranges.slice(first, after < 0 ? undefined : after);
}

/** Return the range of an ordered list that a time lies in, or null. */
export function rangeAt(ranges, ms) {
  const range = ranges[firstAfter(ranges, ms)];
  return range && range.fromMs <= ms ? range : null;
}

/** Return the end of the footage that goes on without a hole from inside a span. */
export function endOfRun(spans, span) {
  let endMs = span.toMs;
  for (let at = spans.indexOf(span) + 1; at < spans.length; at += 1) {
    if (!spans[at].isVideo || spans[at].fromMs > endMs + TOUCHING_MS) break;
    endMs = Math.max(endMs, spans[at].toMs);
  }
  return endMs;
}

/** Return the events that a time lies in or is nearest to, within `slackMs`: the nearest one, or null. */
export function eventNear(events, ms, slackMs) {
  const distance = (event) => Math.max(event.fromMs - ms, ms - event.toMs, 0);
  const near = events.filter((event) => distance(event) <= slackMs);
  near.sort((one, other) => distance(one) - distance(other) || other.fromMs - one.fromMs);
  return near[0] ?? null;
}

/** Return the next (`by` 1) or previous (-1) range that begins after (before) a time, or null. */
export function neighbour(ranges, ms, by) {
  // What was just jumped to must not be found again.
  const slackMs = 50;
  if (by > 0) return ranges.find((range) => range.fromMs > ms + slackMs) ?? null;
  // While it plays, back means the one before, not the start of the same.
  return ranges.findLast((range) => range.fromMs < ms - (slackMs + 1500)) ?? null;
}

/** Return {durationMs, sizeBytes, isProtected: none|some|all, hasOriginals} of the footage in a range. */
export function summed(spans, fromMs, toMs) {
  const total = { durationMs: 0, sizeBytes: 0, protectedMs: 0, hasOriginals: false };
  for (const span of spans) {
    const partMs = Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs);
    if (partMs <= 0) continue;
    total.durationMs += partMs;
    total.sizeBytes += (span.sizeBytes * partMs) / (span.toMs - span.fromMs);
    if (span.isProtected) total.protectedMs += partMs;
    if (!span.isVideo) total.hasOriginals = true;
  }
  return total;
}
