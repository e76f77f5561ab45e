/** What is at a time of a camera, in words. Pure. */
import { eventNear, rangeAt } from "./footage.js";
import { clockText, durationText, rangeText } from "./moments.js";
import { reasonText } from "./reasons.js";

/** Return {words, gap, span, event} of a place; `slackMs`: how far off an event may be hit. */
export function describe(camera, ms, slackMs, nowMs) {
  const span = rangeAt(camera.spans, ms);
  const gap = span ? null : rangeAt(camera.gaps, ms);
  const event = eventNear(camera.events, ms, slackMs);
  const words = [event && eventText(event), span ? spanText(span) : gapText(gap, camera, ms, nowMs)];
  return { words: words.filter(Boolean).join(" · "), span, gap, event };
}

/** "Person at the door, 12 s" */
export function eventText(event) {
  const lasted = event.toMs - event.fromMs;
  return `${event.name}${event.isOpen ? ", still going on" : lasted >= 1000 ? `, ${durationText(lasted)}` : ""}`;
}

/** "The camera was not connected, 14:02:00 to 14:05:30 (3 min 30 s)" */
export function gapText(gap, camera, ms, nowMs) {
  if (ms > nowMs) return "Still to come";
  if (!gap) return "Nothing recorded";
  const detail = gap.detail ? ` (${gap.detail})` : "";
  const length = gap.isOpen ? `since ${clockText(gap.fromMs)}` : rangeText(gap.fromMs, gap.toMs);
  return `${reasonText(gap.reason)}${detail}, ${length} (${durationText(gap.toMs - gap.fromMs)})`;
}

/** "Left out 3 min 30 s: the camera was not connected" */
export function skipText(gaps, { fromMs, toMs }) {
  const reasons = gaps.filter((gap) => gap.fromMs < toMs && gap.toMs > fromMs);
  reasons.sort((one, other) => other.toMs - other.fromMs - (one.toMs - one.fromMs));
  const reason = reasons.length ? reasonText(reasons[0].reason) : "";
  const why = reason ? `: ${reason[0].toLowerCase()}${reason.slice(1)}` : "";
  return `Left out ${durationText(toMs - fromMs)} without footage${why}`;
}

function spanText({ isVideo, isProtected, shiftS }) {
  const ahead = durationText(shiftS * 1000);
  const shift = Math.abs(shiftS) >= 1 ? `times run ${ahead} ahead: the clock had been set back` : "";
  return [isVideo ? "" : "being encoded", isProtected ? "protected" : "", shift].filter(Boolean).join(" · ");
}
