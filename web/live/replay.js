/** What was just seen, over a camera's live picture: from half a minute ago on, with the way back to live. */
import { readCamera } from "../recordings/footage.js";
import { Library } from "../recordings/library.js";
import { clockText, durationText, parseTime } from "../recordings/moments.js";
import { skipText } from "../recordings/place.js";
import { Playback } from "../recordings/playback.js";
import { el, icon, setText } from "./dom.js";

const BEFORE_MS = 60_000;
const AFTER_MS = 3_600_000;

export class Replay {
  element;
  #playback;
  #library;
  #camera;
  #clock = el("strong");
  #said = el("span", { role: "status" });
  #pause;
  #link;
  #gaps = [];
  #onEnd;
  #aheadMs = 0;

  /** `onEnd(isLate)` is called when it is over: by a button, or because live was reached. */
  constructor(camera, base, onEnd) {
    this.#camera = camera;
    this.#onEnd = onEnd;
    this.#library = new Library(base);
    const on = {
      time: (ms) => this.#tellTime(ms),
      state: () => this.#tellState(),
      skip: (_, range) => setText(this.#said, skipText(this.#gaps, range)),
      fail: (sentence) => setText(this.#said, sentence),
      end: () => onEnd(),
    };
    this.#playback = new Playback(this.#library, { spans: (...place) => this.#spans(...place) }, on);
    this.#pause = el("button", { type: "button", onclick: () => this.#toggle() }, icon("pause"));
    const back = el("button", { type: "button", class: "to-live", onclick: () => onEnd() }, icon("live"), "Live");
    this.#link = el("a", { class: "button", title: "Timeline", "aria-label": "Timeline" }, icon("timeline"));
    const bar = el("div", { class: "replay-bar" }, this.#pause, el("p", {}, this.#clock, this.#said), this.#link, back);
    this.element = el("div", { class: "replay" }, this.#playback.element, bar);
  }

  /** Play from a time on. */
  play(ms) {
    this.#tellTime(NaN);
    this.#playback.show(this.#camera, ms);
  }

  close() {
    this.#playback.stop();
    this.element.remove();
  }

  async #spans(camera, ms) {
    const told = await this.#library.recordings({ camera, fromMs: ms - BEFORE_MS, toMs: ms + AFTER_MS });
    const nowMs = parseTime(told.now);
    this.#aheadMs = nowMs - Date.now();
    const row = told.cameras.find((one) => one.camera === camera);
    const { spans, gaps } = row ? readCamera(row, nowMs) : { spans: [], gaps: [] };
    this.#gaps = gaps;
    return spans;
  }

  #toggle() {
    if (this.#playback.isPlaying) this.#playback.pause();
    else this.#playback.resume();
  }

  #tellTime(ms) {
    const agoMs = Math.round((Date.now() + this.#aheadMs - ms) / 1000) * 1000;
    setText(this.#clock, Number.isNaN(ms) ? "Recording" : `${clockText(ms)}, ${durationText(agoMs)} ago`);
    const at = Number.isNaN(ms) ? "" : `&at=${new Date(Math.floor(ms / 1000) * 1000).toISOString()}`;
    const address = `recordings#camera=${this.#camera}${at}`;
    if (this.#link.getAttribute("href") !== address) this.#link.setAttribute("href", address);
  }

  #tellState() {
    const { isPlaying } = this.#playback;
    const words = isPlaying ? "Pause" : "Play";
    if (this.#pause.title === words) return;
    this.#pause.title = words;
    this.#pause.setAttribute("aria-label", words);
    this.#pause.replaceChildren(icon(isPlaying ? "pause" : "play"));
  }
}
