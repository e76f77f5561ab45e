/**
 * How far behind the camera the pictures come in: later than the quickest of late. What a stall held back, of the page
 * or of its network, comes in a burst that begins far behind. Pure.
 */

// The quickest of two such stretches counts, so that a way that became longer for good is no lag after so long.
const STRETCH_MS = 10_000;
// More is a stall's doing; jitter of a bad Wi-Fi is less.
const STALL_S = 0.5;

export class Lag {
  #quickestS = Infinity;
  #beforeS = Infinity;
  #turnedMs = -Infinity;
  #stalledMs = -Infinity;

  /** Take in a picture of this time that arrived at `arrivedMs`; return by how many seconds it came too late. */
  observe(mediaTimeS, arrivedMs) {
    const wayS = arrivedMs / 1000 - mediaTimeS;
    if (arrivedMs - this.#turnedMs >= STRETCH_MS) {
      this.#beforeS = this.#quickestS;
      this.#quickestS = wayS;
      this.#turnedMs = arrivedMs;
    }
    this.#quickestS = Math.min(this.#quickestS, wayS);
    const lagS = wayS - Math.min(this.#quickestS, this.#beforeS);
    if (lagS > STALL_S) this.#stalledMs = arrivedMs;
    return lagS;
  }

  /** How long ago, in ms, the newest picture came that a stall had held back; Infinity where none was. */
  sinceStallMs(nowMs) {
    return nowMs - this.#stalledMs;
  }
}
