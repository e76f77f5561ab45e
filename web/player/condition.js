/** What a viewer sees of a camera, in one word; and the sentence that goes with it. Pure. */

// So long may a connection be lost, a camera be away or the first picture be due, before it is worth a word: a server
// that has just started knows no camera yet.
export const PATIENCE_MS = 700;
// Without a new picture for so long, or for three of the camera's own intervals, the picture is no live one any more.
const QUIET_MS = 2000;
const QUIET_INTERVALS = 3;

const SHORT = {
  idle: "Paused",
  connecting: "Connecting",
  waiting: "Waiting",
  live: "Live",
  quiet: "No new picture",
  offline: "Offline",
  absent: "No camera",
  away: "Server away",
  refused: "Refused",
  unknown: "Unknown camera",
  failed: "Not playable",
};
const SENTENCES = {
  idle: () => "Paused",
  connecting: () => "Connecting",
  waiting: () => "Waiting for the first picture",
  live: () => "Live",
  quiet: () => "No new picture from the camera. Waiting for it",
  offline: () => "Camera is offline. Waiting for it to come back",
  absent: () => "No camera is online yet. Waiting for one",
  away: () => "The server does not answer. Trying again",
  refused: () => "The server refuses this page. Trying again",
  unknown: (camera) => `No camera is called “${camera}”. Waiting for one`,
  failed: (_camera, message) => message,
};

/**
 * Return the word. `seen`: {isRunning, isOpen, openChangedMs, isServerThere, isUnknown, camera, isOnline,
 * onlineChangedMs, error, pictureMs (when the shown picture came; null for none), intervalMs}, times as of `nowMs`.
 */
export function condition(seen, nowMs) {
  if (!seen.isRunning) return "idle";
  const isPatient = nowMs - seen.openChangedMs < PATIENCE_MS;
  if (!seen.isOpen && !isPatient) return withoutLink(seen);
  if (seen.error) return "failed";
  if (seen.isOnline === false && nowMs - seen.onlineChangedMs >= PATIENCE_MS) return seen.camera ? "offline" : "absent";
  if (seen.pictureMs !== null && nowMs - seen.pictureMs <= quietAfterMs(seen.intervalMs)) return "live";
  if (isPatient) return "connecting";
  return seen.pictureMs === null ? "waiting" : "quiet";
}

/** Return what a person reads. */
export function sentence(word, camera, message) {
  return SENTENCES[word](camera, message);
}

/** Return the same in a word or three. */
export function shortWord(word) {
  return SHORT[word];
}

/** Whether the picture on the screen is an old one, to be shown as such. */
export function isOld(word) {
  return !["idle", "connecting", "waiting", "live"].includes(word);
}

function withoutLink(seen) {
  if (seen.isServerThere === false) return "away";
  if (seen.isUnknown) return "unknown";
  return seen.isServerThere ? "refused" : "connecting";
}

function quietAfterMs(intervalMs) {
  return Math.max(QUIET_MS, QUIET_INTERVALS * intervalMs);
}
