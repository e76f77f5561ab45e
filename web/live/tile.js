/** One camera: its player, its name and figures; small in the grid or large over the page. */
import "../camera-player.js";
import { shortWord } from "../player/condition.js";
import { el, icon, setText } from "./dom.js";
import { KEYS, SMALL, facts } from "./facts.js";
import { savePicture } from "./save.js";

const SAID_MS = 2500;

export class Tile {
  #id;
  #base;
  #row = {};
  #viewers = [];
  #player;
  #open;
  #title = el("h2", {});
  #word = el("span", { class: "word" });
  #facts = el("dl", { class: "facts" });
  #warning = el("p", { class: "warning", hidden: true });
  #said = el("span", { class: "text" }, "Save picture");
  #frame;
  #back;
  #figures = new Map();
  #openWords;

  /** `on`: {open(tile), close(), step(tile, by)}; `openWords` say what `open` does. */
  constructor(row, base, on, { format = null, isTerse = true, openWords = "Show large" } = {}) {
    this.#id = row.id;
    this.#base = base;
    this.#openWords = openWords;
    this.#player = el("camera-player", { camera: row.id, format, terse: isTerse, oncamerastate: () => this.#tellState() });
    this.#open = el("button", { class: "open", type: "button", onclick: () => on.open(this) });
    this.#frame = el("div", { class: "frame" }, this.#player, this.#open);
    this.#back = button("back", "All cameras", on.close);
    this.element = el(
      "li",
      { class: "tile" },
      el(
        "div",
        { class: "bar" },
        this.#back,
        el("span", { class: "gap" }),
        button("previous", "Previous", () => on.step(this, -1)),
        button("next", "Next", () => on.step(this, 1)),
        this.#saveButton(),
        canFill() ? button("full", "Full screen", () => this.fill()) : null,
      ),
      this.#frame,
      el("div", { class: "caption" }, el("div", { class: "name" }, el("span", { class: "mark", "aria-hidden": "true" }), this.#title, this.#word), this.#warning, this.#facts),
    );
    this.#makeFigures();
    this.update(row, []);
  }

  get id() {
    return this.#id;
  }

  get label() {
    return this.#row.label || this.#id;
  }

  /** Whether this camera is shown over the whole page. */
  set isLarge(isLarge) {
    this.element.classList.toggle("is-large", isLarge);
    this.#player.toggleAttribute("terse", !isLarge);
    if (!isLarge && document.fullscreenElement === this.#frame) document.exitFullscreen();
    this.#tellFigures();
  }

  /** Whether this camera stays away from pointer, keyboard and network, another one being large. */
  set isCovered(isCovered) {
    this.element.inert = isCovered;
    this.#player.suspended = isCovered;
  }

  /** Take in what /status tells. */
  update(row, viewers) {
    this.#row = row;
    this.#viewers = viewers;
    this.#player.told = { isOnline: row.online, fps: row.fps ?? 0, newestAgeS: row.last_frame_age_s ?? 0 };
    if (this.#player.getAttribute("label") !== this.label) this.#player.setAttribute("label", this.label);
    setText(this.#title, this.label);
    this.#title.title = this.label;
    this.#warning.hidden = !row.warning;
    setText(this.#warning, String(row.warning ?? ""));
    this.#tellState();
    this.#tellFigures();
  }

  /** Show the picture on the whole screen, or end that. */
  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.#frame.requestFullscreen) this.#frame.requestFullscreen();
    // An iPhone fills its screen with a <video> and nothing else.
    else this.#player.picture?.webkitEnterFullscreen?.();
  }

  /** Put the keyboard on what opens, or (large) closes it. */
  focus() {
    (this.element.classList.contains("is-large") ? this.#back : this.#open).focus();
  }

  #tellState() {
    const state = this.#player.state;
    this.element.dataset.state = state;
    setText(this.#word, shortWord(state));
    const name = `${this.label}, ${shortWord(state)}. ${this.#openWords}`;
    if (this.#open.getAttribute("aria-label") !== name) this.#open.setAttribute("aria-label", name);
    this.#tellFigures();
  }

  #tellFigures() {
    const { format, state, ageS, lost, viewerId, shown } = this.#player;
    const told = facts(this.#row, this.#viewers, { format, state, ageS, lost, viewerId, width: shown?.width, height: shown?.height });
    const keys = new Set(told.map(([key]) => key));
    for (const [key, figure] of this.#figures) figure.element.hidden = !keys.has(key);
    for (const [key, title, text] of told) {
      const figure = this.#figures.get(key);
      setText(figure.title, title);
      setText(figure.text, text);
    }
  }

  #makeFigures() {
    for (const key of KEYS) {
      const [title, text] = [el("dt", {}), el("dd", {})];
      const element = el("div", { class: SMALL.has(key) ? null : "more", "data-fact": key }, title, text);
      this.#figures.set(key, { element, title, text });
      this.#facts.append(element);
    }
  }

  #saveButton() {
    let timer = 0;
    const save = async () => {
      const isSaved = await savePicture(this.#player, this.#base);
      setText(this.#said, isSaved ? "Saved" : "No picture yet");
      clearTimeout(timer);
      timer = setTimeout(() => setText(this.#said, "Save picture"), SAID_MS);
    };
    this.#said.setAttribute("role", "status");
    return el("button", { type: "button", class: "save", onclick: save }, icon("save"), this.#said);
  }
}

function button(drawing, text, onclick) {
  return el("button", { type: "button", class: drawing, onclick }, icon(drawing), el("span", { class: "text" }, text));
}

function canFill() {
  return document.fullscreenEnabled || "webkitEnterFullscreen" in HTMLVideoElement.prototype;
}
