import { Backoff, wait } from "/web/player/backoff.js";
import { equal, ok } from "./check.js";

export function waitsGrowUpToTheMost() {
  const backoff = new Backoff({ firstMs: 100, mostMs: 1000, factor: 2, random: () => 1 });
  equal(Array.from({ length: 6 }, () => backoff.next()), [100, 200, 400, 800, 1000, 1000]);
  backoff.reset();
  equal(backoff.next(), 100);
}

export function waitsDifferByUpToHalf() {
  const least = new Backoff({ firstMs: 100, random: () => 0 });
  equal(least.next(), 50);
}

export async function waitEndsEarlyWhenAborted() {
  const hurry = new AbortController();
  const began = performance.now();
  setTimeout(() => hurry.abort(), 1);
  await wait(60_000, hurry.signal);
  await wait(60_000, hurry.signal);
  ok(performance.now() - began < 30_000, "waited to the end");
}
