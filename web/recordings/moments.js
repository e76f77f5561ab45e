/** Times: milliseconds since 1970 (with fractions), RFC 3339 in UTC on the wire, the viewer's zone on the page. Pure. */

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;
const HOUR_MS = 3_600_000;

/** Return the time of a text such as "2026-11-22T21:33:09.123456Z", to the microsecond; NaN when it is none. */
export function parseTime(text) {
  const parts = RFC3339.exec(text ?? "");
  if (!parts) return NaN;
  // Date knows milliseconds only; a window that begins where another ended needs all digits.
  const fraction = Number(`0.${parts[2] ?? 0}`) * 1000;
  return Date.parse(parts[1] + parts[3]) + Math.round(fraction * 1000) / 1000;
}

/** Return a time as the server takes it, to the microsecond. */
export function wireTime(ms) {
  const us = Math.round(ms * 1000);
  const wholeMs = Math.floor(us / 1000);
  return new Date(wholeMs).toISOString().replace("Z", `${String(us - wholeMs * 1000).padStart(3, "0")}Z`);
}

/** Return the day of a time as a date field has it, "2026-11-22". */
export function dayOf(ms) {
  const date = new Date(ms);
  return [String(date.getFullYear()).padStart(4, "0"), two(date.getMonth() + 1), two(date.getDate())].join("-");
}

/** Return [start, end] of such a day: 23 or 25 hours where the clock is changed. */
export function dayRange(day) {
  const [year, month, date] = day.split("-").map(Number);
  return [new Date(year, month - 1, date).getTime(), new Date(year, month - 1, date + 1).getTime()];
}

/** Return the day that lies `by` days after another. */
export function shiftDay(day, by) {
  const [year, month, date] = day.split("-").map(Number);
  // At noon: no clock is changed then.
  return dayOf(new Date(year, month - 1, date + by, 12).getTime());
}

/** "21:33:09", with `digits` of the second's fraction. */
export function clockText(ms, digits = 0) {
  const date = new Date(Math.floor(ms));
  const text = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return digits ? `${text}.${String(date.getMilliseconds()).padStart(3, "0").slice(0, digits)}` : text;
}

/** "Sun 22 Nov 2026", in the viewer's language. */
export function dayText(ms) {
  return new Date(ms).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short", year: "numeric" });
}

/** "14:02:00 to 14:05:30", with the day where they are not of one, or not of `todayMs`. */
export function rangeText(fromMs, toMs, todayMs = fromMs) {
  const isPlain = dayOf(fromMs) === dayOf(toMs) && dayOf(fromMs) === dayOf(todayMs);
  const text = (ms) => (isPlain ? clockText(ms) : `${dayText(ms)}, ${clockText(ms)}`);
  return `${text(fromMs)} to ${text(toMs)}`;
}

/** "0.4 s", "12 s", "3 min 20 s", "2 h 5 min", "3 days" */
export function durationText(ms) {
  const s = ms / 1000;
  if (s < 9.95) return `${trimmed(s.toFixed(1))} s`;
  if (s < 119.5) return `${Math.round(s)} s`;
  if (s < 7170) return joined(Math.round(s), 60, "min", "s");
  if (s < 172_800) return joined(Math.round(s / 60), 60, "h", "min");
  return `${Math.round(s / 86_400)} days`;
}

/** "Europe/Berlin (UTC+1)": the zone of the times on the page. */
export function zoneText(ms) {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  const minutes = -new Date(ms).getTimezoneOffset();
  const rest = Math.abs(minutes) % 60;
  const hours = Math.trunc(Math.abs(minutes) / 60);
  const offset = minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${two(rest)}` : ""}`;
  return name && name !== offset ? `${name} (${offset})` : offset;
}

/** Return whether the clock is changed between two times, and so hours are missing or come twice. */
export function isClockChanged(fromMs, toMs) {
  for (let ms = fromMs; ms < toMs; ms += HOUR_MS) if (offsetOf(ms) !== offsetOf(fromMs)) return true;
  return offsetOf(toMs) !== offsetOf(fromMs);
}

function offsetOf(ms) {
  return new Date(ms).getTimezoneOffset();
}

function joined(count, base, unit, smaller) {
  const rest = count % base;
  return `${Math.floor(count / base)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

function trimmed(text) {
  return text.replace(/\.0$/, "");
}

/** "24 h in view": how much time is shown. */
export function zoomWords({ fromMs, toMs }) {
  const hours = (toMs - fromMs) / HOUR_MS;
  return `${hours > 22 && hours < 26 ? `${Math.round(hours)} h` : durationText(toMs - fromMs)} in view`;
}
