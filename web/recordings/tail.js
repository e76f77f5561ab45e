/** Keeping up with a timeline that grows: only its newest part is asked for again, and put onto what is known. Pure. */

/** Return a camera's recordings with everything since `fromMs` taken from `fresh`, which was asked for from then on. */
export function grown(known, fresh, fromMs) {
  return {
    ...fresh,
    spans: joined(known.spans, fresh.spans, fromMs, isSameSpan),
    gaps: joined(known.gaps, fresh.gaps, fromMs, isSameGap),
    events: [...known.events.filter(isNotIn(fresh.events)), ...fresh.events].sort(byStart),
  };
}

function joined(before, after, fromMs, isSame) {
  const kept = before.filter((range) => range.fromMs < fromMs && !after.some((one) => one.fromMs === range.fromMs));
  const last = kept.at(-1);
  const [first, ...rest] = after;
  // What lies across the seam was told in two parts: the server may cut it at what was asked for.
  if (last && first && last.toMs >= first.fromMs && isSame(last, first)) {
    return [...kept.slice(0, -1), together(last, first), ...rest];
  }
  return [...kept.map((range) => (range.toMs > fromMs ? { ...range, toMs: fromMs } : range)), ...after];
}

/** The last one known goes on into the first one told; of the time that both tell of, the newer word counts. */
function together(last, first) {
  const whole = { ...first, fromMs: Math.min(last.fromMs, first.fromMs) };
  if (!("sizeBytes" in first)) return whole;
  const share = Math.max(0, Math.min(1, (first.fromMs - last.fromMs) / (last.toMs - last.fromMs || 1)));
  return { ...whole, sizeBytes: last.sizeBytes * share + first.sizeBytes, frames: last.frames * share + first.frames };
}

function isSameSpan(one, other) {
  return one.isVideo === other.isVideo && one.isProtected === other.isProtected && one.shiftS === other.shiftS;
}

function isSameGap(one, other) {
  return one.reason === other.reason;
}

function isNotIn(events) {
  const ids = new Set(events.map((event) => event.id));
  return (event) => !ids.has(event.id);
}

function byStart(one, other) {
  return one.fromMs - other.fromMs;
}
