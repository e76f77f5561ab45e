/**
 * What a server says of a camera over another connection than the stream's: after a dead spot a TCP connection may stay
 * silent for many seconds, until its next retransmission, while a new one works at once. Players share the question.
 */

// Below the first retransmission of what a dead spot swallowed, so that the question after its end is a fresh one.
const ANSWER_WITHIN_MS = 1000;
const SHARED_FOR_MS = 400;

const asked = new Map();

/** Return how old the camera's newest frame is, in seconds; null when the server does not answer, or does not know. */
export async function frameAgeS(base, camera) {
  const row = (await cameras(base)).find(({ id }) => id === camera);
  return row?.online && typeof row.last_frame_age_s === "number" ? row.last_frame_age_s : null;
}

function cameras(base) {
  const key = String(base);
  const nowMs = performance.now();
  const before = asked.get(key);
  if (before && nowMs - before.atMs < SHARED_FOR_MS) return before.answer;
  const answer = ask(base);
  asked.set(key, { atMs: nowMs, answer });
  return answer;
}

async function ask(base) {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(new URL("status", base), { cache: "no-store", signal });
    return answer.ok ? ((await answer.json()).cameras ?? []) : [];
  } catch {
    // No network, or a page of another origin that may not read it: then the link's own patience has to do.
    return [];
  }
}
