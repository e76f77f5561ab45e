/** Why a time has no footage: in words, and in families that have a colour each. Pure. */

/** The families in the order of the legend: [key, what the legend says]. */
export const FAMILIES = [
  ["camera", "Camera away"],
  ["server", "Server overloaded"],
  ["disk", "Disk"],
  ["down", "Recorder down"],
  ["lost", "Damaged"],
  ["gone", "Deleted"],
  ["quiet", "Not recorded"],
];

const REASONS = {
  offline: ["camera", "The camera was not connected"],
  stalled: ["camera", "The camera sent no pictures"],
  overload: ["server", "The server was overloaded"],
  encoder: ["server", "The camera's pictures could not be encoded"],
  bus: ["server", "Lost between the server's processes"],
  slow_disk: ["disk", "The disk was too slow"],
  disk_full: ["disk", "The disk was full"],
  protected: ["disk", "The disk was full of protected footage"],
  unwritable: ["disk", "The folder of recordings could not be written"],
  recorder_down: ["down", "The recorder was not running"],
  clock: ["quiet", "The clock was set forward: this time never was"],
  off: ["quiet", "Recording was off"],
  no_event: ["quiet", "No event"],
  deleted: ["gone", "Deleted by hand"],
  expired: ["gone", "Deleted by age or size"],
  damaged: ["lost", "The recording is damaged"],
};

/** Return the family of a reason. */
export function familyOf(reason) {
  return REASONS[reason]?.[0] ?? "quiet";
}

/** Return a reason in words. */
export function reasonText(reason) {
  return REASONS[reason]?.[1] ?? `No footage (${reason || "unknown"})`;
}

/** Return what a camera's recorder does, in a word or two; `row` has mode, state and reason. */
export function stateText({ mode, state, reason }) {
  if (mode === "off" || state === "off") return "Not recording";
  if (state === "stopped") return reason ? `Stopped: ${lowered(reasonText(reason))}` : "Stopped";
  if (state === "waiting") return mode === "event" && !isTrouble(reason) ? "Waiting for an event" : waitingText(reason);
  return state === "recording" ? "Recording" : "Starting";
}

/** Return "recording", "waiting", "stopped" or "off": how the mark beside it looks. */
export function stateLook({ mode, state, reason }) {
  if (mode === "off" || state === "off") return "off";
  if (state === "recording") return "recording";
  return state === "stopped" || isTrouble(reason) ? "stopped" : "waiting";
}

function isTrouble(reason) {
  return ["server", "disk", "down", "lost"].includes(REASONS[reason]?.[0]);
}

function waitingText(reason) {
  return reason && reason !== "no_event" ? `Waiting: ${lowered(reasonText(reason))}` : "Waiting for pictures";
}

function lowered(text) {
  return text[0].toLowerCase() + text.slice(1);
}
