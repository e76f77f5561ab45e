/** The picture under the pointer: small, one at a time, and kept for when the pointer comes back. */
import { el, setText } from "../live/dom.js";

const HEIGHT_PX = 120;
const KEPT = 300;
// A pointer that rushes past wants no picture.
const REST_MS = 60;
const MARGIN_PX = 8;
// So near to each other pictures look the same in this size.
const STEP_PX = 6;
const LEAST_STEP_MS = 1000;

export class Preview {
  element;
  #image = el("img", { alt: "", height: HEIGHT_PX, hidden: true });
  #time = el("strong");
  #words = el("span");
  #library;
  #kept = new Map();
  #wanted = null;
  #isAsking = false;
  #timer = 0;

  constructor(library) {
    this.#library = library;
    const caption = el("figcaption", {}, this.#time, this.#words);
    this.element = el("figure", { class: "preview", hidden: true, "aria-hidden": "true" }, this.#image, caption);
  }

  /** Show it for a place of the lanes; `time` and `words` are said below, `hasPicture` whether there is one. */
  show({ camera, ms, x, y, msPerPx, box }, { time, words, hasPicture }) {
    setText(this.#time, time);
    setText(this.#words, words);
    const stepMs = Math.max(LEAST_STEP_MS, msPerPx * STEP_PX);
    const atMs = Math.round(ms / stepMs) * stepMs;
    this.#want(hasPicture ? { key: `${camera.id} ${atMs}`, id: camera.id, ms: hasPicture.clamp(atMs) } : null);
    this.element.hidden = false;
    this.#place(x, y, box);
  }

  hide() {
    this.element.hidden = true;
    this.#wanted = null;
    clearTimeout(this.#timer);
  }

  #place(x, y, box) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = Math.min(innerWidth - width - MARGIN_PX, Math.max(MARGIN_PX, box.left + x - width / 2));
    const above = box.top + y - height - 24;
    const top = above > MARGIN_PX ? above : box.top + y + 28;
    this.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  #want(wanted) {
    if (wanted?.key === this.#wanted?.key) return;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    this.#image.hidden = wanted === null;
    if (!wanted) return;
    if (this.#kept.has(wanted.key)) this.#put(wanted.key);
    else this.#timer = setTimeout(() => this.#ask(), REST_MS);
  }

  async #ask() {
    const wanted = this.#wanted;
    if (this.#isAsking || !wanted || this.#kept.has(wanted.key)) return;
    this.#isAsking = true;
    try {
      const picture = await this.#library.preview(wanted.id, wanted.ms, HEIGHT_PX);
      this.#keep(wanted.key, URL.createObjectURL(picture));
    } catch {
      // A preview that does not come is no trouble worth a word; it is asked for again when the pointer returns.
    }
    this.#isAsking = false;
    if (!this.#wanted) return;
    if (this.#wanted.key === wanted.key) this.#put(wanted.key);
    else this.#ask();
  }

  #keep(key, address) {
    this.#kept.set(key, address);
    if (this.#kept.size <= KEPT) return;
    const [[oldest, oldAddress]] = this.#kept;
    this.#kept.delete(oldest);
    URL.revokeObjectURL(oldAddress);
  }

  #put(key) {
    const address = this.#kept.get(key);
    if (address) this.#image.src = address;
    this.#image.hidden = !address;
  }
}
