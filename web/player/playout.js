/**
 * When each picture is shown: at once. Pure.
 *
 * The camera's own times make a player wait: it plays at their pace, falls behind by the longest stall it ever saw, and
 * must chase the live edge afterwards. So a fragment gets a new time when it is appended: the moment where the video's
 * clock stands, and a little more. Pictures then appear as they come, and there is nothing to chase: no gap in the
 * timeline, no seek, no changed speed. The camera's time is kept here, to tell how old the shown picture is.
 *
 * Media Source Extensions, "coded frame processing": a frame that is no keyframe is thrown away when it comes later
 * than twice the previous one's duration. A fragment is sent before its duration is known, so a longer one is declared;
 * the clock stops at its end, so the next time is always within the bound. The figures were found by measuring in
 * Chromium 156 (2026-11; 0.4 to 60 frames a second, stalls of 0.1 to 3 s): every picture shown, p95 about 30 ms.
 */

// Longer, and a stall would enter Chromium's mean frame interval, by which it then holds pictures back; shorter, and
// the clock stops and starts with every late frame.
const DURATION_S = 0.5;
// Of a slow camera: well below its interval, so that the clock surely stands when the next picture comes. Where both
// fall together, a picture may come just when the clock stops behind it, and Chromium drops it.
const SLOW_INTERVAL_S = 0.4;
const SLOW_DURATION_S = 0.25;
// Chromium takes the first one for its first mean. Too long, and it refuses the pictures that follow a first stall.
const FIRST_DURATION_S = 0.1;
// From the video's clock to the new picture: what parsing and decoding take. More for slow cameras, of which a dropped
// picture would be missed for longer.
const LEAD_S = 0.01;
const MOST_LEAD_S = 0.04;
const LEAD_SHARE = 0.1;
// Share of the newest interval in the mean one.
const SMOOTHING = 0.25;
// The same when the clock stands still. Chromium drops a picture that lies within a screen refresh or two of it.
const RESTART_LEAD_S = 0.05;
// Chromium shows no two pictures that are less than 1 ms apart.
const STEP_S = 0.002;
// When the clock still stands although a picture came since: so much further, until the browser takes one.
const UNSTICK_STEP_S = 0.06;
const UNSTICK_AFTER_MS = 20;
// Of the previous duration: below the 2 of the rule above.
const LONGEST_GAP = 1.8;
// Pictures that wait to be shown; many more than any decoder holds.
const MOST_PENDING = 512;

/** Gives each picture its time on the video's timeline, and remembers which is which. Times in seconds. */
export class Playout {
  #pending = [];
  #newestS = -1;
  #durationS = FIRST_DURATION_S;
  #stalledSinceMs = Infinity;
  #newestMediaS = NaN;
  #intervalS = 0;

  /** Where the newest keyframe lies that was shown or passed: nothing before it is needed any more. */
  shownKeyS = 0;

  /** Where the newest picture lies; -1 before the first. */
  get newestS() {
    return this.#newestS;
  }

  /** Return {startS, durationS} for a picture that is appended at `nowMs`, while the video's clock is at `clockS`. */
  plan(clockS, isStalled, picture, nowMs) {
    const isFirst = this.#newestS < 0;
    const startS = isFirst ? clockS : this.#next(clockS, isStalled, nowMs);
    this.#observe(picture.mediaTimeS);
    this.#durationS = isFirst ? FIRST_DURATION_S : this.isSlow ? SLOW_DURATION_S : DURATION_S;
    if (!isStalled) this.#stalledSinceMs = Infinity;
    else if (this.#stalledSinceMs === Infinity) this.#stalledSinceMs = nowMs;
    this.#newestS = startS;
    this.#pending.push({ ...picture, startS });
    if (this.#pending.length > MOST_PENDING) this.#pending.shift();
    return { startS, durationS: this.#durationS };
  }

  /** Take in that the picture at `shownS` is on the screen; return it, or null when it is known already. */
  show(shownS) {
    let shown = null;
    // The browser's times are rounded to microseconds.
    while (this.#pending.length && this.#pending[0].startS < shownS + STEP_S / 2) {
      shown = this.#pending.shift();
      if (shown.isKey) this.shownKeyS = shown.startS;
    }
    return shown;
  }

  /** Whether the camera sends so seldom that each picture counts. */
  get isSlow() {
    return this.#intervalS > SLOW_INTERVAL_S;
  }

  /** The oldest picture that was appended and is not shown yet, or null. */
  get oldestPending() {
    return this.#pending[0] ?? null;
  }

  #observe(mediaTimeS) {
    const gapS = mediaTimeS - this.#newestMediaS;
    if (gapS > 0) this.#intervalS += (gapS - this.#intervalS) * (this.#intervalS ? SMOOTHING : 1);
    this.#newestMediaS = mediaTimeS;
  }

  #next(clockS, isStalled, nowMs) {
    const isStuck = isStalled && nowMs - this.#stalledSinceMs > UNSTICK_AFTER_MS;
    if (isStuck) this.#stalledSinceMs = nowMs;
    const least = this.#newestS + (isStuck ? UNSTICK_STEP_S : STEP_S);
    const leadS = Math.min(MOST_LEAD_S, Math.max(LEAD_S, this.#intervalS * LEAD_SHARE));
    const wanted = clockS + (isStalled ? RESTART_LEAD_S : leadS);
    return Math.min(Math.max(wanted, least), this.#newestS + LONGEST_GAP * this.#durationS);
  }
}
