/** What is wrong with a camera, in one short sentence for its tile; "" where nothing is. Pure. */
import { stateLook, stateText } from "../recordings/reasons.js";

/**
 * `row` is the camera's of /status; `format` is how its player takes it; `error` is what the server told that. The worst
 * comes first. JPEGs go through no codec of the server.
 */
export function notice(row, format, error) {
  const isEncoded = format !== "jpeg";
  if (row.quarantine && isEncoded) {
    return `Left out until ${clockText(row.quarantine.until)}: its pictures crash the decoder`;
  }
  if (error) return error;
  if (row.limited && isEncoded) return `Server busy: ${limitText(row.limited)}`;
  if (row.warning) return String(row.warning);
  return isRecordingStopped(row.recording) ? `Recording: ${stateText(row.recording).toLowerCase()}` : "";
}

/** A camera that is away is not recorded either, and everybody sees that it is away. */
function isRecordingStopped(recording) {
  return recording !== undefined && stateLook(recording) === "stopped";
}

function limitText({ fps }) {
  // A limit without a rate is a quicker way to encode.
  if (!fps) return "coarser pictures";
  if (fps < 0.95) return `a picture every ${Math.round(1 / fps)} s`;
  return Math.round(fps) === 1 ? "1 picture a second" : `${Math.round(fps)} pictures a second`;
}

/** "15:40", or as people write it here. */
function clockText(unixS) {
  return new Date(unixS * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
