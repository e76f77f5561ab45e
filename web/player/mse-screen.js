/**
 * H.264 in fragmented MP4 on a <video>. In: the codec that `stream` tells, then init segments and fragments.
 * Out: which picture is on the screen; or that this screen is broken, perhaps for good, so that another is to be made.
 */
import { Fragment, isInitSegment, readTimescale } from "./fmp4.js";
import { Lag } from "./lag.js";
import { Playout } from "./playout.js";
import { SourceFeed, canPlay, mimeOf } from "./source-feed.js";

// A browser that is this far behind begins anew, at a fresh keyframe. What a stall left is taken in first; if that takes
// longer than so, it is no sign of a browser that is too slow.
const LATEST_MS = 1000;
const LATE_PICTURES = 4;
const EXCUSED_FOR_MS = 5000;
// Pictures that wait to be appended and are older than this keyframe are left out.
const SKIP_S = 0.3;
// After a burst the newest picture lies this far ahead of the clock: then that runs faster for a moment.
const LONG_LEAD_S = 0.12;
const FAST_RATE = 3;
// Without the news that pictures are on the screen (nothing of the page is drawn), these are taken for shown.
const PASSED_S = 2;
// A picture that the browser has but does not show is sought: Chromium may overlook one. A seek decodes the group of
// pictures again, which is short where they come seldom; where they come fast, only a clock that stands is worth it.
const SEEK_AFTER_MS = 250;
const SEEK_SLOW_AFTER_MS = 120;
// So many pictures, so long, and none shown: this browser cannot play them.
const BLIND_PICTURES = 8;
const BLIND_MS = 4000;

/** Whether this browser plays what the server's encoder makes. */
export function canPlayH264() {
  return canPlay(mimeOf("avc1.42C01F"));
}

export class MseScreen {
  #video;
  #onShown;
  #onBroken;
  #ending = new AbortController();
  #feed = null;
  #timescale = 90_000;
  #playout = new Playout();
  #lag = new Lag();
  #needsKey = true;
  #appended = 0;
  #firstMs = 0;
  #hasShown = false;
  #seekTimer = 0;

  constructor(video, { onShown, onBroken }) {
    this.#video = video;
    this.#onShown = onShown;
    this.#onBroken = onBroken;
  }

  /** The element that shows the picture. */
  get element() {
    return this.#video;
  }

  /** Begin, or go on, with a stream of this codec; its init segment is pushed next. */
  begin(codec) {
    const mime = mimeOf(codec);
    if (!canPlay(mime)) this.#break(`this browser does not play ${codec}`, { isForGood: true });
    else if (this.#feed) this.#feed.change(mime);
    else this.#open(mime);
  }

  /** Take an init segment or a fragment that arrived at `arrivedMs`. */
  push(bytes, arrivedMs) {
    if (!this.#feed || this.#ending.signal.aborted) return;
    try {
      if (isInitSegment(bytes)) this.#pushInit(bytes);
      else this.#pushFragment(new Fragment(bytes), arrivedMs);
    } catch (error) {
      this.#break(error.message);
    }
  }

  /** Stop, and let go of the decoder. Idempotent. */
  close() {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#release();
  }

  #open(mime) {
    const video = this.#video;
    const signal = this.#ending.signal;
    // iOS gives a ManagedMediaSource only to a video that AirPlay cannot take over.
    video.disableRemotePlayback = true;
    video.addEventListener("error", () => this.#break(video.error?.message || "video error"), { signal });
    video.addEventListener("pause", () => this.#play(), { signal });
    this.#feed = new SourceFeed(video, mime, {
      beforeAppend: (entry) => entry.fragment && this.#retime(entry),
      onBroken: (reason) => this.#break(reason),
    });
    this.#play();
    this.#watch();
  }

  #play() {
    this.#video.play().catch((error) => {
      // A phone that saves power starts no video untouched. A canvas needs no touch.
      if (error.name !== "NotAllowedError") return;
      this.#break("the browser does not start a video by itself", { isForGood: true });
    });
  }

  #pushInit(bytes) {
    this.#timescale = readTimescale(bytes);
    this.#feed.push({ bytes });
  }

  #pushFragment(fragment, arrivedMs) {
    const mediaTimeS = fragment.decodeTime / this.#timescale;
    this.#lag.observe(mediaTimeS, arrivedMs);
    if (this.#isLate(arrivedMs)) {
      const isExcused = this.#lag.sinceStallMs(arrivedMs) < EXCUSED_FOR_MS;
      return this.#break("the browser is behind", { isExcused });
    }
    if (!this.#isWanted(fragment.isKey, mediaTimeS)) return;
    this.#feed.push({ bytes: fragment.bytes, fragment, picture: { mediaTimeS, arrivedMs, isKey: fragment.isKey } });
    this.#seekIfOverlooked();
  }

  #isLate(nowMs) {
    const oldest = this.#playout.oldestPending;
    if (!oldest || nowMs - oldest.arrivedMs < LATEST_MS) return false;
    // A decoder may take its time to start; one that never does is given up elsewhere.
    if (!this.#hasShown || this.#lag.sinceStallMs(nowMs) < LATEST_MS) return false;
    return this.#appended - this.#video.getVideoPlaybackQuality().totalVideoFrames >= LATE_PICTURES;
  }

  #isWanted(isKey, mediaTimeS) {
    // After a stall much comes at once, and most of it is old: nobody needs to see that once a keyframe is there.
    const isBehind = mediaTimeS - (this.#feed.oldestWaiting?.picture.mediaTimeS ?? mediaTimeS) > SKIP_S;
    if (isKey && (isBehind || this.#feed.isFull)) this.#feed.drop((entry) => !entry.fragment);
    this.#needsKey = !isKey && (this.#needsKey || this.#feed.isFull);
    return !this.#needsKey;
  }

  #retime({ fragment, picture }) {
    const video = this.#video;
    const clockS = video.currentTime;
    const isStalled = video.readyState < video.HAVE_FUTURE_DATA;
    this.#playout.show(clockS - PASSED_S);
    this.#feed.trim(this.#playout.shownKeyS);
    const { startS, durationS } = this.#playout.plan(clockS, isStalled, picture, performance.now());
    fragment.retime(Math.round(startS * this.#timescale), Math.round(durationS * this.#timescale));
    video.playbackRate = startS - clockS > LONG_LEAD_S ? FAST_RATE : 1;
    this.#giveUpWhenBlind(picture.arrivedMs);
  }

  #giveUpWhenBlind(nowMs) {
    this.#appended += 1;
    this.#firstMs ||= nowMs;
    if (!this.#hasShown && this.#appended > BLIND_PICTURES && nowMs - this.#firstMs > BLIND_MS) {
      this.#break("the browser shows none of the pictures", { isForGood: true });
    }
  }

  #seekIfOverlooked() {
    clearTimeout(this.#seekTimer);
    this.#seekTimer = setTimeout(() => {
      const video = this.#video;
      const isStalled = video.readyState < video.HAVE_FUTURE_DATA;
      const isWorthIt = isStalled || this.#playout.isSlow;
      if (isWorthIt && this.#playout.oldestPending) video.currentTime = this.#playout.newestS;
    }, this.#playout.isSlow ? SEEK_SLOW_AFTER_MS : SEEK_AFTER_MS);
  }

  #watch() {
    const video = this.#video;
    const next = (step) => !this.#ending.signal.aborted && step();
    const byFrame = () =>
      video.requestVideoFrameCallback((_now, frame) => {
        this.#show(frame.mediaTime);
        next(byFrame);
      });
    // Browsers that do not tell of each picture: the newest one that the clock has reached.
    const byClock = () =>
      requestAnimationFrame(() => {
        if (video.readyState >= video.HAVE_CURRENT_DATA) this.#show(video.currentTime);
        next(byClock);
      });
    next(video.requestVideoFrameCallback ? byFrame : byClock);
  }

  #show(mediaS) {
    const picture = this.#ending.signal.aborted ? null : this.#playout.show(mediaS);
    if (!picture) return;
    this.#hasShown = true;
    this.#onShown({ ...picture, width: this.#video.videoWidth, height: this.#video.videoHeight });
  }

  #break(reason, how) {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    // The last picture is still there for whoever keeps it.
    this.#onBroken(reason, how);
    this.#release();
  }

  #release() {
    clearTimeout(this.#seekTimer);
    this.#feed?.close();
    this.#video.removeAttribute("src");
    this.#video.load();
  }
}
