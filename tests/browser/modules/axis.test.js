import { dayView, drawnTo, followed, kept, LONGEST_MS, moved, msAt, SHORTEST_MS, showing, ticks, xOf, zoomed } from "/web/recordings/axis.js";
import { equal, ok } from "./check.js";

const HOUR = 3_600_000;
const view = { fromMs: 1_000_000, toMs: 2_000_000 };
const texts = (found) => found.map(({ text }) => text);

export function placeAndTimeAreEachOthersReverse() {
  for (const x of [0, 1, 333.3, 1200]) ok(Math.abs(xOf(view, 1200, msAt(view, 1200, x)) - x) < 1e-6, x);
}

export function zoomingKeepsTheTimeUnderThePointer() {
  let one = dayView("2026-11-22");
  const aroundMs = one.fromMs + 7.3 * HOUR;
  const x = xOf(one, 1000, aroundMs);
  for (const factor of [0.5, 0.1, 0.01, 30, 0.3]) {
    one = zoomed(one, factor, aroundMs);
    ok(Math.abs(xOf(one, 1000, aroundMs) - x) < 0.01, `${factor}: ${xOf(one, 1000, aroundMs)} instead of ${x}`);
  }
}

export function zoomingByKeysEndsWithTheTimeInTheMiddle() {
  let one = dayView("2026-11-22");
  const ms = one.fromMs + 23 * HOUR;
  for (let n = 0; n < 12; n += 1) one = drawnTo(one, 0.5, ms);
  ok(Math.abs(xOf(one, 1000, ms) - 500) < 5, `${xOf(one, 1000, ms)}`);
  equal(drawnTo(view, 2, 1_500_000), { fromMs: 500_000, toMs: 2_500_000 });
}

export function zoomGoesFromAMonthToASecond() {
  const near = zoomed(view, 1e-9, 1_500_000);
  equal(near.toMs - near.fromMs, SHORTEST_MS);
  const far = zoomed(view, 1e9, 1_500_000);
  equal(far.toMs - far.fromMs, LONGEST_MS);
}

export function viewNeverShowsMoreFutureThanToday() {
  const today = dayView("2026-11-22");
  const nowMs = today.fromMs + 9 * HOUR;
  equal(kept(today, nowMs), today, "today may be seen whole:");
  const minute = { fromMs: nowMs + 5 * HOUR, toMs: nowMs + 5 * HOUR + 60_000 };
  ok(kept(moved(today, 24 * HOUR), nowMs).fromMs <= today.fromMs + 24 * HOUR * 0.9, "tomorrow");
  ok(kept(minute, nowMs).fromMs < nowMs, "a minute of the future");
}

export function viewFollowsThePlayheadOutOfIt() {
  equal(followed(view, 1_500_000, 1_600_000), view);
  equal(followed(view, 1_999_000, 2_001_000).fromMs, 2_001_000 - 100_000);
  equal(followed(view, 900_000, 2_001_000), view, "where it was not in view before:");
}

export function viewMovesOnlyToWhatItDoesNotShow() {
  equal(showing(view, 1_200_000), view);
  equal(showing(view, 5_000_000), { fromMs: 4_500_000, toMs: 5_500_000 });
}

export function ticksAreRoundTimesOfTheClockWithRoomForTheirTexts() {
  equal(texts(ticks(dayView("2026-11-22"), 420)).slice(0, 4), ["00:00", "03:00", "06:00", "09:00"]);
  const near = { fromMs: dayView("2026-11-22").fromMs, toMs: dayView("2026-11-22").fromMs + 1000 };
  equal(texts(ticks(near, 500)).slice(0, 3), ["00:00:00.0", "00:00:00.2", "00:00:00.4"]);
  for (let spanMs = 1000; spanMs < LONGEST_MS; spanMs *= 1.7) {
    const found = ticks({ fromMs: near.fromMs, toMs: near.fromMs + spanMs }, 1200);
    ok(found.length >= 1 && found.length <= 27, `${found.length} ticks for ${spanMs} ms`);
  }
}

export function dayOfTheClocksChangeHasItsOwnHours() {
  const [spring, autumn] = [dayView("2026-03-29"), dayView("2026-10-25")];
  equal([spring, autumn].map(({ fromMs, toMs }) => (toMs - fromMs) / HOUR), [23, 25]);
  equal(texts(ticks(spring, 1500)).slice(0, 4), ["00:00", "01:00", "03:00", "04:00"]);
  equal(texts(ticks(autumn, 1500)).slice(0, 5), ["00:00", "01:00", "02:00", "02:00", "03:00"]);
  equal(texts(ticks(autumn, 240)), ["00:00", "06:00", "12:00", "18:00", "00:00"]);
}

export function daysAreTicksOfALongView() {
  const month = { fromMs: dayView("2026-10-20").fromMs, toMs: dayView("2026-11-05").fromMs };
  for (const { ms } of ticks(month, 1300)) equal(new Date(ms).getHours(), 0);
}
