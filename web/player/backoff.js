/** How long to wait before the next try: longer each time, never the same for two viewers. Pure but for chance. */
export class Backoff {
  #options;
  #nextMs;

  constructor({ firstMs = 200, mostMs = 10_000, factor = 2, random = Math.random } = {}) {
    this.#options = { firstMs, mostMs, factor, random };
    this.reset();
  }

  /** Begin with short waits again. */
  reset() {
    this.#nextMs = this.#options.firstMs;
  }

  /** Return how many ms to wait now: between half of the step and all of it. */
  next() {
    const { mostMs, factor, random } = this.#options;
    const waitMs = this.#nextMs * (0.5 + random() / 2);
    this.#nextMs = Math.min(mostMs, this.#nextMs * factor);
    return waitMs;
  }
}

/** Resolve after `ms`, or at once when `signal` is aborted. */
export function wait(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
  });
}
