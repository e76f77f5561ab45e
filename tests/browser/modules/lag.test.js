import { Lag } from "/web/player/lag.js";
import { equal, ok } from "./check.js";

const near = (seen, expected, what) => ok(Math.abs(seen - expected) < 1e-6, `${what}: ${seen}, not ${expected}`);

export function pictureIsLateByWhatTheQuickestWasNot() {
  const lag = new Lag();
  near(lag.observe(1000, 5030), 0, "the first");
  near(lag.observe(1001, 6020), 0, "a quicker one");
  near(lag.observe(1002, 7120), 0.1, "a slower one");
  equal(lag.sinceStallMs(8000), Infinity, "jitter is no stall:");
}

export function burstAfterAStallIsOneUntilItIsOver() {
  const lag = new Lag();
  lag.observe(0, 1000);
  const seen = [1, 2, 3].map((mediaTimeS) => lag.observe(mediaTimeS, 4010));
  seen.forEach((lagS, n) => near(lagS, 2.01 - n, `picture ${n}`));
  equal(lag.sinceStallMs(4510), 500);
}

export function wayThatIsLongerForGoodIsNoLagForLong() {
  const lag = new Lag();
  for (let mediaTimeS = 0; mediaTimeS < 30; mediaTimeS += 0.5) lag.observe(mediaTimeS, mediaTimeS * 1000);
  near(lag.observe(30, 31_000), 1, "at first");
  for (let mediaTimeS = 31; mediaTimeS < 55; mediaTimeS += 0.5) lag.observe(mediaTimeS, mediaTimeS * 1000 + 1000);
  near(lag.observe(55, 56_000), 0, "after a while");
}
