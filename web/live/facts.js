/** What is told of a camera beside its picture, from its row of /status and its player. Pure. */
import { ageText, bitrateText, rateText, sizeText } from "../player/words.js";

/** The figures in the order in which they are shown; those that a tile of the grid has room for come first. */
export const KEYS = ["size", "rate", "bitrate", "age", "camera-bitrate", "viewers", "source", "lost"];
export const SMALL = new Set(KEYS.slice(0, 4));

/** Return [key, title, text] for each figure that is known; `viewers` are the rows of /status. */
export function facts(row, viewers, player) {
  const mp4 = player.format === "mp4";
  const size = player.width ? sizeText(player.width, player.height) : row.width ? sizeText(row.width, row.height) : "";
  const bytesPerS = mp4 ? row.h264_bytes_per_s : row.jpeg_bytes_per_s;
  return [
    ["size", "Size", size],
    ["rate", "Frame rate", row.online && row.fps ? rateText(row.fps) : ""],
    ["bitrate", mp4 ? "Bitrate, H.264" : "Bitrate, JPEG", row.online && bytesPerS ? bitrateText(bytesPerS) : ""],
    ["age", "Picture age", ageOf(viewers, player)],
    ["camera-bitrate", "From the camera", mp4 && row.online && row.jpeg_bytes_per_s ? bitrateText(row.jpeg_bytes_per_s) : ""],
    ["viewers", "Viewers", String(row.viewers ?? "")],
    ["source", "Source", String(row.source ?? "")],
    ["lost", "Lost pictures", lossText(row.dropped, player.lost)],
  ].filter(([, , text]) => text);
}

function ageOf(viewers, player) {
  // The server knows both ends of a live picture's way. Beyond that only the page knows how long it has stood.
  const own = player.state === "live" ? viewers.find((viewer) => viewer.id === player.viewerId) : null;
  if (typeof own?.age_s === "number") return ageText(own.age_s);
  if (player.ageS === null) return "";
  return player.state === "live" && player.ageS < 1 ? "under 1 s" : ageText(player.ageS);
}

function lossText(dropped, lostHere) {
  const causes = Object.entries(dropped ?? {}).filter(([, count]) => count > 0);
  if (lostHere) causes.push(["for this viewer", lostHere]);
  return causes.map(([cause, count]) => `${count} ${cause}`).join(", ");
}
