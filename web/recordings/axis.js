/** The time axis: which part of time is in view, where a time lies on it, and what its ticks say. Pure. */
import { dayRange, dayOf, dayText } from "./moments.js";

const S = 1000;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

export const SHORTEST_MS = S;
export const LONGEST_MS = 32 * DAY;

// Step, and how much room its label takes.
const STEPS = [
  [100, 84], [200, 84], [500, 84],
  [S, 64], [2 * S, 64], [5 * S, 64], [10 * S, 64], [15 * S, 64], [30 * S, 64],
  [MIN, 46], [2 * MIN, 46], [5 * MIN, 46], [10 * MIN, 46], [15 * MIN, 46], [30 * MIN, 46],
  [HOUR, 46], [2 * HOUR, 46], [3 * HOUR, 46], [6 * HOUR, 46], [12 * HOUR, 46],
  [DAY, 104], [2 * DAY, 104], [7 * DAY, 104], [14 * DAY, 104],
];

/** Return the view of a day, "2026-11-22". */
export function dayView(day) {
  const [fromMs, toMs] = dayRange(day);
  return { fromMs, toMs };
}

/** Return where a time lies, in pixels from the left. */
export function xOf(view, widthPx, ms) {
  return ((ms - view.fromMs) / (view.toMs - view.fromMs)) * widthPx;
}

/** Return the time at a place. */
export function msAt(view, widthPx, xPx) {
  return view.fromMs + (xPx / widthPx) * (view.toMs - view.fromMs);
}

/** Return the view that is `factor` times as long, with `aroundMs` where it was. */
export function zoomed(view, factor, aroundMs) {
  const spanMs = view.toMs - view.fromMs;
  const newSpanMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, spanMs * factor));
  const share = (aroundMs - view.fromMs) / spanMs;
  const fromMs = aroundMs - share * newSpanMs;
  return { fromMs, toMs: fromMs + newSpanMs };
}

/** Return the view as `zoomed` does, with `ms` nearer to its middle: zooming by keys ends with it there. */
export function drawnTo(view, factor, ms) {
  const next = zoomed(view, factor, ms);
  return factor < 1 ? moved(next, (ms - (next.fromMs + next.toMs) / 2) / 2) : next;
}

/** Return the view that is shifted in time. */
export function moved(view, byMs) {
  return { fromMs: view.fromMs + byMs, toMs: view.toMs + byMs };
}

/** Return the view shifted no further than to end a tenth of it after `latestMs`: the future is empty. */
export function kept(view, latestMs) {
  const spanMs = view.toMs - view.fromMs;
  const lastFromMs = Math.max(latestMs + spanMs / 10 - spanMs, dayRange(dayOf(latestMs))[0]);
  return view.fromMs > lastFromMs ? moved(view, lastFromMs - view.fromMs) : view;
}

/** Return the view shifted so that a playing time stays in it: on from the left when it left to the right. */
export function followed(view, beforeMs, ms) {
  const isIn = (one) => one >= view.fromMs && one <= view.toMs;
  if (!isIn(beforeMs) || isIn(ms)) return view;
  return moved(view, ms - view.fromMs - (view.toMs - view.fromMs) * 0.1);
}

/** Return the view that shows a time in its middle, if it is not in view already. */
export function showing(view, ms) {
  if (ms >= view.fromMs && ms <= view.toMs) return view;
  return moved(view, ms - (view.fromMs + view.toMs) / 2);
}

/** Return [{ms, text, isMajor}] for the ticks: round times of the viewer's clock, with room for their texts. */
export function ticks(view, widthPx) {
  const msPerPx = (view.toMs - view.fromMs) / widthPx;
  const [stepMs] = STEPS.find(([step, roomPx]) => step / msPerPx >= roomPx) ?? STEPS.at(-1);
  if (stepMs >= DAY) return dayTicks(view, stepMs / DAY);
  const found = [];
  for (const ms of roundTimes(view, stepMs)) found.push({ ms, ...labelOf(ms, stepMs) });
  return found;
}

/** Days have 23 to 25 hours: each is found by the calendar. */
function dayTicks(view, everyDays) {
  const found = [];
  for (let ms = dayRange(dayOf(view.fromMs))[0]; ms <= view.toMs; ms = dayRange(dayOf(ms))[1]) {
    const count = Math.round(ms / DAY);
    if (ms >= view.fromMs && count % everyDays === 0) found.push({ ms, text: dayText(ms), isMajor: true });
  }
  return found;
}

function* roundTimes(view, stepMs) {
  // Hours of the clock, not of the sun: a step of 6 h is at 0, 6, 12 and 18 also on the day after a change of the clock.
  const strideMs = Math.min(stepMs, HOUR);
  const offsetMs = (new Date(view.fromMs).getTimezoneOffset() * MIN) % HOUR;
  const first = Math.ceil((view.fromMs + offsetMs) / strideMs) * strideMs - offsetMs;
  for (let ms = first; ms <= view.toMs; ms += strideMs) {
    if (stepMs <= HOUR || new Date(ms).getHours() % (stepMs / HOUR) === 0) yield ms;
  }
}

function labelOf(ms, stepMs) {
  const date = new Date(ms);
  const [hour, minute, second] = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two);
  if (stepMs >= MIN) {
    const isMidnight = hour === "00" && minute === "00";
    return { text: `${hour}:${minute}`, isMajor: isMidnight || (stepMs < HOUR && minute === "00") };
  }
  const text = `${hour}:${minute}:${second}`;
  if (stepMs >= S) return { text, isMajor: second === "00" };
  return { text: `${text}.${Math.floor(date.getMilliseconds() / 100)}`, isMajor: date.getMilliseconds() === 0 };
}

function two(number) {
  return String(number).padStart(2, "0");
}
