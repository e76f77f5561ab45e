/** Where the picture is: a recording or the live one, with what there is to say over it. */
import "../camera-player.js";
import { el, setText } from "../live/dom.js";

const NOTE_MS = 5000;

export class Stage {
  element;
  #live = null;
  #badge = el("p", { class: "badge", hidden: true });
  // Always there, or screen readers would not notice what comes into it.
  #note = el("p", { class: "note", role: "status" });
  #hint = el("p", { class: "hint" }, "A click into the timeline plays from there");
  #playback;
  #timer = 0;

  constructor(playback, { onclick }) {
    this.#playback = playback;
    this.element = el("div", { class: "stage", onclick }, playback.element, this.#hint, this.#badge, this.#note);
  }

  get isLive() {
    return this.#live !== null;
  }

  /** Show a camera as it is now. */
  goLive({ id, label }) {
    this.#playback.stop();
    if (this.#live?.getAttribute("camera") !== id) {
      this.#live?.remove();
      this.#live = el("camera-player", { camera: id, label });
      this.#playback.element.after(this.#live);
    }
    this.#tell();
  }

  /** Show recordings. */
  leaveLive() {
    this.#live?.remove();
    this.#live = null;
    this.#tell();
  }

  /** Say something for a while; `isFault` stays until something else is said. */
  say(text, isFault = false) {
    clearTimeout(this.#timer);
    setText(this.#note, text);
    this.#note.classList.toggle("is-fault", isFault);
    if (text && !isFault) this.#timer = setTimeout(() => setText(this.#note, ""), NOTE_MS);
  }

  /** Show the picture on the whole screen, or end that. */
  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.element.requestFullscreen) this.element.requestFullscreen();
    else this.#playback.picture.webkitEnterFullscreen?.();
  }

  /** Show what belongs over the picture now. */
  refresh() {
    this.#tell();
  }

  #tell() {
    const hasPicture = !Number.isNaN(this.#playback.timeMs);
    this.#hint.hidden = hasPicture || this.isLive;
    this.#badge.hidden = !this.isLive;
    setText(this.#badge, this.isLive ? "Live" : "");
  }
}
