/** Where the time goes between a camera and the screen, from `delay_ms` of its row of /status. Pure. */
import { ageText } from "../player/words.js";

/** What the server calls a hop, and what a person does; in the order of a picture's way. */
const HOPS = [
  ["ingest", "Taken in from the camera"],
  ["bus_to_transcode", "To the encoder"],
  ["transcode", "Encoding"],
  ["bus_to_fanout", "To the web server"],
  ["fanout", "Sent to the viewers"],
  ["whole", "Through the server, in all"],
  ["shown", "From the camera to all screens"],
];
const OWN = "From the camera to this page";

/** Return [name, typical, slow] for each hop that is known; `ownAgeS` is the age of this page's picture, or null. */
export function delayRows(delays, ownAgeS) {
  const rows = HOPS.filter(([hop]) => typeof delays?.[hop]?.p50 === "number").map(([hop, name]) => [
    name,
    msText(delays[hop].p50),
    typeof delays[hop].p95 === "number" ? msText(delays[hop].p95) : "",
  ]);
  return rows.length && ownAgeS !== null ? [...rows, [OWN, msText(ownAgeS * 1000), ""]] : rows;
}

/** "0.4 ms", "31 ms", "1.2 s" */
function msText(ms) {
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : ageText(ms / 1000);
}
