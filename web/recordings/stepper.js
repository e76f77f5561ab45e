/** Finds the picture after or before one, and the window of footage that it is in. */
import { nextWindow, windowBefore } from "./plan.js";
import { stepped } from "./steps.js";

// So much on both sides is asked for at once: many steps need one answer.
const AROUND_MS = 20_000;

export class Stepper {
  isBusy = false;
  #library;
  #camera = "";
  #times = [];
  #range = null;

  constructor(library) {
    this.#library = library;
  }

  /** Return {ms, window}: the time to seek to, and a window that holds it; null when there is no such picture. */
  async find(footage, camera, ms, by) {
    this.isBusy = true;
    try {
      const near = stepped(await this.#timesAround(camera, ms), ms, by);
      const spans = await footage.spans(camera, near ?? ms);
      if (near !== null) return { ms: near, window: (by < 0 && windowHolding(spans, near)) || nextWindow(spans, near) };
      return by > 0 ? this.#over(spans, ms) : await this.#back(camera, spans, ms);
    } finally {
      this.isBusy = false;
    }
  }

  /** The first picture after a gap. */
  #over(spans, ms) {
    const [, endMs] = this.#range;
    const window = nextWindow(spans, Math.max(ms, endMs));
    return window && { ms: window.fromMs, window };
  }

  /** The last picture before a gap. */
  async #back(camera, spans, ms) {
    const window = windowBefore(spans, ms);
    if (!window) return null;
    const times = await this.#timesAround(camera, window.toMs - 1);
    const last = times.findLast((time) => time < window.toMs);
    return last === undefined ? null : { ms: last, window };
  }

  async #timesAround(camera, ms) {
    const isKnown = this.#camera === camera && this.#range && ms > this.#range[0] + 1000 && ms < this.#range[1] - 1000;
    if (!isKnown || this.#times.length === 0) {
      const range = [ms - AROUND_MS, ms + AROUND_MS];
      this.#times = await this.#library.pictureTimes(camera, ...range).catch(emptyIfNone);
      [this.#camera, this.#range] = [camera, range];
    }
    return this.#times;
  }
}

/** Return a window that holds a time and what came before it, for steps back are seldom alone. */
function windowHolding(spans, ms) {
  const before = windowBefore(spans, ms);
  const after = nextWindow(spans, ms);
  if (!before || !after || before.toMs < ms || after.fromMs > ms) return null;
  return { ...before, toMs: Math.min(after.toMs, ms + AROUND_MS) };
}

function emptyIfNone(refusal) {
  if (refusal.status === 404) return [];
  throw refusal;
}
