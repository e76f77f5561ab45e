/**
 * Plays a camera's recordings from any time on, over files and gaps: two videos take turns, and while one plays a window
 * of footage the other has the next one's first picture ready.
 */
import { el } from "../live/dom.js";
import { isNextDue, nextWindow } from "./plan.js";
import { Slot } from "./slot.js";
import { Stepper } from "./stepper.js";

// At the end of what is recorded: how soon to look whether more has come.
const LOOK_AGAIN_MS = 700;

export class Playback {
  element = el("div", { class: "playback" });
  #library;
  #footage;
  #on;
  #slots;
  #front;
  #back;
  #next = null;
  #jump = 0;
  #rate = 1;
  #isPlaying = false;
  #isDue = false;
  #shownMs = NaN;
  #frame = 0;
  #looking = 0;
  #stepper;

  /**
   * `footage` has spans(camera, ms); `on`: {time(ms), state(), skip({fromMs, toMs}), fail(sentence), end(camera, ms)}.
   */
  constructor(library, footage, on) {
    this.#library = library;
    this.#footage = footage;
    this.#on = on;
    this.#slots = [0, 1].map(() => new Slot((name, slot) => this.#hear(name, slot)));
    [this.#front, this.#back] = this.#slots;
    this.#stepper = new Stepper(library);
    this.element.append(...this.#slots.map((slot) => slot.element));
  }

  get camera() {
    return this.#front.camera;
  }

  /** The time of the picture that is shown; NaN before the first. */
  get timeMs() {
    return this.#shownMs;
  }

  get isPlaying() {
    return this.#isPlaying;
  }

  get rate() {
    return this.#rate;
  }

  set rate(rate) {
    this.#rate = rate;
    for (const { element } of this.#slots) element.defaultPlaybackRate = element.playbackRate = rate;
    this.#on.state();
  }

  /** The video that is shown. */
  get picture() {
    return this.#front.element;
  }

  /** Show a camera at a time (or the first footage after it), and play on from there if `isPlaying`. */
  async show(camera, ms, isPlaying = true) {
    const jump = this.#begin(isPlaying);
    if (this.#front.has(camera, ms)) {
      this.#shownMs = ms;
      this.#on.time(ms);
      await this.#front.seek(ms).catch(() => {});
      if (jump === this.#jump) this.#go();
      return;
    }
    const spans = await this.#ask(() => this.#footage.spans(camera, ms));
    if (jump !== this.#jump || !spans) return;
    const window = nextWindow(spans, ms, this.#rate);
    if (!window) return this.#finish(camera, ms);
    if (window.skipped) this.#on.skip(camera, window.skipped);
    await this.#loadAndSwap(camera, window, window.fromMs, jump);
  }

  pause() {
    this.#isPlaying = false;
    this.#front.element.pause();
    this.#on.state();
  }

  resume() {
    if (!this.#front.window) return;
    if (this.#front.element.ended && !this.#next) return void this.show(this.camera, this.#front.window.toMs);
    this.#isPlaying = true;
    this.#go();
  }

  /** Show the picture after (1) or before (-1) the one that is shown. */
  async step(by) {
    if (!this.#front.window || this.#stepper.isBusy) return;
    const jump = this.#begin(false);
    this.#front.element.pause();
    const { camera, pictureMs } = this.#front;
    const found = await this.#ask(() => this.#stepper.find(this.#footage, camera, pictureMs, by));
    if (jump !== this.#jump || !found) return;
    if (this.#front.has(camera, found.ms)) {
      await this.#front.seek(found.ms).catch(() => {});
      this.#tellTime();
    } else {
      await this.#loadAndSwap(camera, found.window, found.ms, jump);
    }
    this.#on.state();
  }

  /** Load nothing any more, and show nothing. */
  stop() {
    this.#begin(false);
    for (const slot of this.#slots) {
      slot.clear();
      slot.isShown = false;
    }
    this.#shownMs = NaN;
    cancelAnimationFrame(this.#frame);
  }

  #begin(isPlaying) {
    this.#isPlaying = isPlaying;
    this.#isDue = false;
    this.#next = null;
    clearTimeout(this.#looking);
    return (this.#jump += 1);
  }

  async #loadAndSwap(camera, window, ms, jump) {
    const address = this.#library.video(camera, window.fromMs, window.toMs);
    try {
      await this.#load(address, camera, window, ms);
      if (jump === this.#jump) this.#swap();
    } catch {
      if (jump === this.#jump) await this.#fail(address);
    }
  }

  #load(address, camera, window, ms) {
    const start = this.#library.startOfVideo(address, window.fromMs);
    return this.#back.load(address, camera, window, ms, this.#rate, start);
  }

  #swap() {
    [this.#front, this.#back] = [this.#back, this.#front];
    this.#next = null;
    this.#isDue = false;
    this.#front.isShown = true;
    this.#go();
    // It lies below until then: no bare ground between the two.
    this.#back.isShown = false;
    this.#back.element.pause();
    this.#tellTime();
  }

  #go() {
    if (this.#isPlaying) {
      this.#front.element.playbackRate = this.#rate;
      this.#front.element.play().catch((error) => this.#cannotPlay(error));
      this.#run();
    }
    this.#tellTime();
    this.#on.state();
  }

  #cannotPlay(error) {
    // Any other error comes as an event; this one says that the browser wants a touch first.
    if (error.name === "NotAllowedError") this.pause();
  }

  #run() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      if (!this.#isPlaying) return;
      this.#tellTime();
      if (!this.#next && isNextDue(this.#front.leftS, this.#rate)) this.#prepare();
      this.#run();
    });
  }

  /** Plan the window after this one, and load it. */
  async #prepare() {
    const { camera, window } = this.#front;
    const jump = this.#jump;
    this.#next = { window: null };
    const spans = await this.#ask(() => this.#footage.spans(camera, window.toMs));
    if (jump !== this.#jump) return;
    const next = nextWindow(spans ?? [], window.toMs, this.#rate);
    if (!next) {
      if (this.#isDue) this.#finish(camera, window.toMs);
      this.#looking = setTimeout(() => jump === this.#jump && (this.#next = null), LOOK_AGAIN_MS);
      return;
    }
    this.#next = { window: next };
    const address = this.#library.video(camera, next.fromMs, next.toMs);
    try {
      await this.#load(address, camera, next, next.fromMs);
      if (jump !== this.#jump) return;
      this.#next.isReady = true;
      if (this.#isDue) this.#takeTurn();
    } catch {
      if (jump === this.#jump) await this.#fail(address);
    }
  }

  #takeTurn() {
    const { skipped } = this.#next.window;
    if (skipped) this.#on.skip(this.camera, skipped);
    this.#swap();
  }

  #hear(name, slot) {
    if (slot !== this.#front) return;
    if (name === "ended" && this.#isPlaying) this.#endOfWindow();
    else if (name === "seeked") this.#tellTime();
    else if (name === "playing" || name === "waiting") this.#on.state();
  }

  #endOfWindow() {
    this.#isDue = true;
    if (this.#next?.isReady) this.#takeTurn();
    else if (this.#next && !this.#next.window) this.#finish(this.camera, this.#front.window.toMs);
  }

  #finish(camera, ms) {
    this.#begin(false);
    this.#on.state();
    this.#on.end(camera, ms);
  }

  async #ask(question) {
    try {
      return await question();
    } catch (refusal) {
      this.#on.fail(refusal.message);
      return null;
    }
  }

  async #fail(address) {
    this.#begin(false);
    this.#on.state();
    this.#on.fail(await this.#library.refusalOfVideo(address));
  }

  #tellTime() {
    const ms = this.#front.timeMs;
    if (Number.isNaN(ms) || ms === this.#shownMs) return;
    this.#shownMs = ms;
    this.#on.time(ms);
  }
}
