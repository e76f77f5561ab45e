/** What a tile tells of its camera's recording, from `recording` of its row of /status. Pure. */
import { stateLook, stateText } from "../recordings/reasons.js";

/** Return {word, look, title} of the mark beside a camera's name; `word` is "" where it is not recorded. */
export function recordingMark(recording) {
  if (!recording || stateLook(recording) === "off") return { word: "", look: "off", title: "" };
  const title = stateText(recording) + (recording.detail ? `: ${recording.detail}` : "");
  return { word: "REC", look: stateLook(recording), title };
}

/** Return whether there is something half a minute back: the recorder says that it records, and up to when. */
export function canGoBack(recording) {
  return recording?.state === "recording" && Number.isFinite(recording.newest);
}

/** Return the time (ms) that "30 seconds back" leads to, by the server's clock: its newest picture's time, less that. */
export function backTimeMs(recording) {
  return (recording.newest - 30) * 1000;
}
