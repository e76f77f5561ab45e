/** One of the two videos that take turns: what it has loaded, and whether its first picture is there. */
import { el } from "../live/dom.js";
import { positionOf, timeAt } from "./plan.js";

export class Slot {
  element;
  camera = "";
  window = null;
  #life = new AbortController();
  // The position of the picture on the screen, which may be one behind the clock; null: not known, or just sought.
  #pictureS = null;

  constructor(on) {
    const attributes = { class: "footage", playsinline: true, preload: "auto", tabindex: -1, "aria-hidden": "true" };
    this.element = el("video", attributes);
    // Recordings have no sound; a browser starts a muted video without a touch.
    this.element.muted = true;
    this.#watchPictures();
    for (const name of ["ended", "playing", "waiting", "seeked", "pause"]) {
      this.element.addEventListener(name, () => on(name, this));
    }
  }

  /**
   * Load a window of a camera and show it at `ms`; resolves when that picture is there, throws the media error.
   * `start` resolves to the time of the video's first picture: the one that was seen when the window begins.
   */
  async load(address, camera, window, ms, rate, start) {
    this.clear();
    const life = this.#life.signal;
    this.camera = camera;
    const own = (this.window = { ...window, startMs: window.fromMs });
    this.element.defaultPlaybackRate = rate;
    this.element.src = address;
    // Listened for before anything is waited for, or it might be over then.
    const loaded = happens(this.element, "loadedmetadata", life);
    // Whoever waits for both hears of it.
    loaded.catch(() => {});
    own.startMs = await start;
    await loaded;
    const positionS = positionOf(own, ms);
    if (positionS > 0) {
      const shown = happens(this.element, "seeked", life);
      this.element.currentTime = positionS;
      await shown;
    } else if (this.element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      await happens(this.element, "loadeddata", life);
    }
  }

  get isShown() {
    return this.element.classList.contains("is-front");
  }

  set isShown(isShown) {
    this.element.classList.toggle("is-front", isShown);
  }

  get timeMs() {
    return this.window ? timeAt(this.window, this.element.currentTime) : NaN;
  }

  /** The time of the picture that is seen. */
  get pictureMs() {
    return this.window && this.#pictureS !== null ? timeAt(this.window, this.#pictureS) : this.timeMs;
  }

  /** How many seconds of the window are still to come. */
  get leftS() {
    const { duration, currentTime } = this.element;
    return Number.isFinite(duration) ? duration - currentTime : Infinity;
  }

  /** Whether a time of a camera is in what is loaded. */
  has(camera, ms) {
    return this.window !== null && !this.element.error && this.camera === camera && positionOf(this.window, ms) !== null;
  }

  /** Show another time of what is loaded; resolves when its picture is there. */
  seek(ms) {
    const positionS = positionOf(this.window, ms);
    this.#pictureS = null;
    const done = happens(this.element, "seeked", this.#life.signal);
    this.element.currentTime = positionS;
    return done;
  }

  #watchPictures() {
    this.element.requestVideoFrameCallback?.((_, { mediaTime }) => {
      this.#pictureS = mediaTime;
      this.#watchPictures();
    });
  }

  clear() {
    this.window = null;
    this.#pictureS = null;
    this.camera = "";
    this.#life.abort();
    this.#life = new AbortController();
    if (!this.element.hasAttribute("src")) return;
    this.element.removeAttribute("src");
    this.element.load();
  }
}

/** Resolve at an event of a video; throw when it fails instead, or when `life`, the time of what is loaded, ends. */
function happens(video, name, life) {
  return new Promise((resolve, reject) => {
    const how = { signal: life, once: true };
    video.addEventListener(name, resolve, how);
    video.addEventListener("error", () => reject(video.error ?? new Error("no video")), how);
    life.addEventListener("abort", () => reject(new Error("replaced")), { once: true });
  });
}
