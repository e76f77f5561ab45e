/** Which stored files a range has a part in, from its playlist (RFC 8216). Pure. */
import { parseTime } from "./moments.js";

const STAMP = /_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{3})Z\.mp4$/;

/** Return [{name, fromMs, toMs}] of the files in a playlist; `toMs` as far as it lists them. */
export function filesOf(text) {
  const files = new Map();
  let [startMs, durationMs] = [NaN, 0];
  for (const line of text.split("\n")) {
    const [, name, value] = /^#(EXT-X-PROGRAM-DATE-TIME|EXTINF):([^,]*)/.exec(line) ?? [];
    if (name === "EXTINF") durationMs = Number(value) * 1000;
    else if (name) startMs = parseTime(value);
    if (line.startsWith("#")) continue;
    const [file] = line.split("?");
    files.set(file, { name: file, fromMs: startOf(file), toMs: startMs + durationMs });
  }
  return [...files.values()].filter(({ fromMs }) => !Number.isNaN(fromMs));
}

/** A file is called after its start. */
function startOf(name) {
  const [, year, month, day, hour, minute, second, ms] = STAMP.exec(name) ?? [];
  return parseTime(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
}
