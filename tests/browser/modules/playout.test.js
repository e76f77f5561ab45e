import { Playout } from "/web/player/playout.js";
import { equal, ok } from "./check.js";

const picture = (mediaTimeS, isKey = false) => ({ mediaTimeS, arrivedMs: mediaTimeS * 1000, isKey });

export function firstPictureIsDueAtTheClock() {
  const plan = new Playout().plan(0, true, picture(1e9, true), 0);
  equal(plan.startS, 0);
}

export function pictureIsDueJustAfterTheClock() {
  const playout = new Playout();
  playout.plan(0, true, picture(0, true), 0);
  const { startS } = playout.plan(0.04, false, picture(0.04), 40);
  ok(startS > 0.04 && startS < 0.07, `due at ${startS}`);
}

export function burstIsDueWithinMilliseconds() {
  const playout = new Playout();
  playout.plan(0, true, picture(0, true), 0);
  const starts = Array.from({ length: 10 }, (_, n) => playout.plan(0.5, false, picture(0.1 * n), 500).startS);
  ok(starts.every((startS, n) => n === 0 || startS - starts[n - 1] >= 0.001), "Chromium shows no two within 1 ms");
  ok(starts.at(-1) < 0.6, `the newest is due at ${starts.at(-1)}`);
}

export function burstAfterAStallIsDueWithinMilliseconds() {
  const playout = new Playout();
  playout.plan(0, true, picture(0, true), 0);
  const starts = Array.from({ length: 60 }, (_, n) => playout.plan(0.1, true, picture(0.1 * n), 3000 + n / 10).startS);
  ok(starts.at(-1) < 0.35, `the newest is due at ${starts.at(-1)}`);
}

export function standingClockIsLeftFurtherBehindEachTime() {
  const playout = new Playout();
  playout.plan(0, true, picture(0, true), 0);
  playout.plan(0.02, false, picture(0.04), 40);
  let before = 0;
  for (let n = 0; n < 8; n += 1) {
    const { startS } = playout.plan(0.1, true, picture(0.08), 100 + 40 * n);
    ok(n < 2 || startS - before >= 0.05, `only ${startS - before} s further`);
    before = startS;
  }
}

/** Whatever the clock does within the rules of a video: times only rise, and never by more than the browser takes. */
export function noPictureIsEverOutOfBounds() {
  let seed = 7;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let run = 0; run < 200; run += 1) {
    const playout = new Playout();
    let [clockS, endS, lastS, lastDurationS, nowMs] = [0, 0, -1, 0, 0];
    for (let n = 0; n < 200; n += 1) {
      const isStalled = n === 0 || clockS >= endS;
      const { startS, durationS } = playout.plan(clockS, isStalled, picture(n), nowMs);
      if (n > 0) {
        ok(startS - lastS >= 0.001, `${startS} comes ${startS - lastS} s after the one before`);
        ok(startS - lastS < 2 * lastDurationS, `${startS} comes later than twice ${lastDurationS} s`);
      }
      [lastS, lastDurationS, endS] = [startS, durationS, startS + durationS];
      const passedS = chance() < 0.1 ? chance() * 5 : chance() * 0.08;
      nowMs += passedS * 1000;
      // A video's clock stops where its pictures end, a refresh of the screen later at most.
      clockS = Math.max(clockS, Math.min(clockS + passedS, endS + 0.017 * chance()));
    }
  }
}

export function shownPictureIsFoundByItsTime() {
  const playout = new Playout();
  const starts = [10, 11, 12].map((mediaTimeS, n) => playout.plan(n * 0.04, n === 0, picture(mediaTimeS, n === 0), n * 40).startS);
  equal(playout.show(starts[1] - 0.000_01).mediaTimeS, 11, "times are rounded by the browser:");
  equal(playout.show(starts[1]), null, "told once:");
  equal(playout.oldestPending.mediaTimeS, 12);
  equal(playout.shownKeyS, starts[0]);
}

export function whatIsNeverShownIsForgottenInTime() {
  const playout = new Playout();
  for (let n = 0; n < 5000; n += 1) playout.plan(0, false, picture(n), n);
  ok(playout.oldestPending.mediaTimeS > 4000, "pictures pile up");
}
