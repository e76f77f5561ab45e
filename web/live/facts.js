/** What is told of a camera beside its picture, from its row of /status and its player. Pure. */
import { stateText } from "../recordings/reasons.js";
import { ageText, bitrateText, rateText, sizeText } from "../player/words.js";

/** The figures in the order in which they are shown; those that a tile of the grid has room for come first. */
export const KEYS = ["size", "rate", "bitrate", "age", "camera-bitrate", "viewers", "source", "lost", "recording"];
export const SMALL = new Set(KEYS.slice(0, 4));

/** Return [key, title, text] for each figure that is known and true now; `viewers` are the rows of /status. */
export function facts(row, viewers, player) {
  const mp4 = player.format === "mp4";
  const size = player.width ? sizeText(player.width, player.height) : row.width ? sizeText(row.width, row.height) : "";
  const isHeard = row.online && player.state !== "away";
  const rate = (bytesPerS) => (isHeard && bytesPerS ? bitrateText(bytesPerS) : "");
  return [
    ["size", "Size", size],
    ["rate", "Frame rate", isHeard && row.fps ? rateText(row.fps) : ""],
    ["bitrate", mp4 ? "Bitrate, H.264" : "Bitrate, JPEG", rate(mp4 ? row.h264_bytes_per_s : row.jpeg_bytes_per_s)],
    ["age", "Picture age", ageOf(viewers, player)],
    ["camera-bitrate", "From the camera", mp4 ? rate(row.jpeg_bytes_per_s) : ""],
    ["viewers", "Viewers", isHeard ? String(row.viewers ?? "") : ""],
    ["source", "Source", String(row.source ?? "")],
    ["lost", "Lost pictures", lossText(row.dropped, player.lost)],
    ["recording", "Recording", row.recording ? stateText(row.recording) : ""],
  ].filter(([, , text]) => text);
}

function ageOf(viewers, player) {
  // Of an old picture the player tells it itself, over the picture.
  if (player.state !== "live" || player.ageS === null) return "";
  const measuredS = ownAgeS(viewers, player);
  if (measuredS !== null) return ageText(measuredS);
  return player.ageS < 1 ? "under 1 s" : ageText(player.ageS);
}

/** How old the picture on this page is, in seconds, as the server measures it; null where it does not, or not now. */
export function ownAgeS(viewers, player) {
  if (player.state !== "live") return null;
  // The server knows both ends of a picture's way; the page only when it came.
  return viewers.find((viewer) => viewer.id === player.viewerId)?.age_s ?? null;
}

function lossText(dropped, lostHere) {
  const causes = Object.entries(dropped ?? {}).filter(([, count]) => count > 0);
  if (lostHere) causes.push(["for this viewer", lostHere]);
  return causes.map(([cause, count]) => `${count} ${cause}`).join(", ");
}
