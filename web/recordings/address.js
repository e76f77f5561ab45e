/** What the page's address says: a camera, and a time of its recordings. Pure. */
import { parseTime, wireTime } from "./moments.js";

/** Return {camera, ms} of "#camera=porch&at=2026-11-22T21:33:09Z"; "" and NaN where it says nothing of the kind. */
export function readAddress(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const camera = said.get("camera") ?? "";
  return { camera: /^[a-z0-9_-]{1,32}$/.test(camera) ? camera : "", ms: parseTime(said.get("at")) };
}

/** Return the address's part for a camera and a time (to the second), NaN: live. */
export function writeAddress(camera, ms) {
  const at = Number.isNaN(ms) ? "" : `&at=${wireTime(Math.floor(ms / 1000) * 1000).replace(".000000", "")}`;
  return `#camera=${camera}${at}`;
}
