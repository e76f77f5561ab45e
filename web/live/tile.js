/** One camera: its player, its name and figures; small in the grid or large over the page. */
import "../camera-player.js";
import { shortWord } from "../player/condition.js";
import { DelayPanel } from "./delay-panel.js";
import { el, icon, setText } from "./dom.js";
import { facts, ownAgeS } from "./facts.js";
import { Figures } from "./figures.js";
import { notice } from "./notice.js";
import { backTimeMs, canGoBack, recordingMark } from "./recorded.js";
import { Replay } from "./replay.js";
import { savePicture } from "./save.js";

const SAVE = "Save picture";
const BACK = "30 s back";
const SAID_MS = 2500;

export class Tile {
  #id;
  #row = {};
  #viewers = [];
  #openWords;
  #player;
  #frame;
  #open;
  #back;
  #title = el("h2");
  #word = el("span", { class: "word" });
  // Always there, or screen readers would not notice what comes into it.
  #notice = el("p", { class: "notice", role: "status" });
  #recording = el("span", { class: "rec", hidden: true });
  #again;
  #againInBar;
  #replay = null;
  #isCovered = false;
  #base;
  #figures = new Figures();
  #delays = new DelayPanel();

  /** `on`: {open(tile), close(), step(tile, by)}; `openWords` say what `open` does. */
  constructor(row, base, on, { format = null, isTerse = true, view = "tile", openWords = "Show large" } = {}) {
    this.#id = row.id;
    this.#base = base;
    this.#openWords = openWords;
    const oncamerastate = () => this.#tellState();
    this.#player = el("camera-player", { camera: row.id, format, view, terse: isTerse, oncamerastate });
    this.#open = el("button", { class: "open", type: "button", onclick: () => on.open(this) });
    this.#again = button("again", BACK, () => this.#goBack(on));
    this.#againInBar = button("again", BACK, () => this.#goBack(on));
    this.#again.classList.add("back-30");
    this.#againInBar.classList.add("back-30");
    this.#frame = el("div", { class: "frame" }, this.#player, this.#open, this.#again);
    this.#back = button("back", "All cameras", on.close);
    this.element = el("li", { class: "tile" }, this.#makeBar(base, on), this.#frame, this.#makeCaption());
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
    this.#player.setAttribute("view", isLarge ? "large" : "tile");
    if (!isLarge) this.#endReplay();
    if (!isLarge && document.fullscreenElement === this.#frame) document.exitFullscreen();
  }

  /** Whether this camera stays away from pointer, keyboard and network, another one being large. */
  set isCovered(isCovered) {
    this.element.inert = isCovered;
    this.#isCovered = isCovered;
    this.#follow();
  }

  /** Take in what /status tells. */
  update(row, viewers) {
    this.#row = row;
    this.#viewers = viewers;
    this.#player.told = { isOnline: row.online, fps: row.fps ?? 0, newestAgeS: row.last_frame_age_s ?? 0 };
    if (this.#player.getAttribute("label") !== this.label) this.#player.setAttribute("label", this.label);
    setText(this.#title, this.label);
    this.#title.title = this.label;
    this.#tellState();
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

  #makeBar(base, on) {
    return el(
      "div",
      { class: "bar" },
      this.#back,
      el("span", { class: "gap" }),
      this.#againInBar,
      button("previous", "Previous", () => on.step(this, -1)),
      button("next", "Next", () => on.step(this, 1)),
      this.#makeSaveButton(base),
      canFill() ? button("full", "Full screen", () => this.fill()) : null,
    );
  }

  #makeCaption() {
    const mark = el("span", { class: "mark", "aria-hidden": "true" });
    const name = el("div", { class: "name" }, mark, this.#title, this.#recording, this.#word);
    return el("div", { class: "caption" }, name, this.#notice, this.#figures.element, this.#delays.element);
  }

  #makeSaveButton(base) {
    const said = el("span", { class: "text", role: "status" }, SAVE);
    let timer = 0;
    const save = async () => {
      setText(said, (await savePicture(this.#player, base)) ? "Saved" : "No picture yet");
      clearTimeout(timer);
      timer = setTimeout(() => setText(said, SAVE), SAID_MS);
    };
    return el("button", { type: "button", class: "save", onclick: save }, icon("save"), said);
  }

  /** Show what was half a minute ago, large. */
  #goBack(on) {
    if (this.#replay || !canGoBack(this.#row.recording)) return;
    if (!this.element.classList.contains("is-large")) on.open(this);
    this.#replay = new Replay(this.#id, this.#base, () => this.#endReplay());
    this.#frame.append(this.#replay.element);
    this.#replay.play(backTimeMs(this.#row.recording));
    this.#tellState();
  }

  /** Show the camera as it is now. */
  #endReplay() {
    this.#replay?.close();
    this.#replay = null;
    this.#tellState();
  }

  /** What nobody sees is not streamed. */
  #follow() {
    this.#player.suspended = this.#isCovered || this.#replay !== null;
  }

  #tellRecording() {
    const { word, look, title } = recordingMark(this.#row.recording);
    setText(this.#recording, word);
    this.#recording.hidden = word === "";
    this.#recording.dataset.look = look;
    if (this.#recording.title !== title) this.#recording.title = title;
    const isHidden = !canGoBack(this.#row.recording) || this.#replay !== null;
    for (const one of [this.#again, this.#againInBar]) one.hidden = isHidden;
  }

  #tellState() {
    const { format, state, ageS, lost, viewerId, shown } = this.#player;
    this.element.dataset.state = state;
    setText(this.#word, this.#replay ? "Recording" : shortWord(state));
    const name = `${this.label}, ${shortWord(state)}. ${this.#openWords}`;
    if (this.#open.getAttribute("aria-label") !== name) this.#open.setAttribute("aria-label", name);
    const player = { format, state, ageS, lost, viewerId, width: shown?.width, height: shown?.height };
    this.#figures.tell(facts(this.#row, this.#viewers, player));
    this.#delays.tell(this.#row.delay_ms, ownAgeS(this.#viewers, player));
    this.#tellNotice();
    this.#tellRecording();
    this.#follow();
  }

  #tellNotice() {
    const { format, error } = this.#player;
    // A player that is not terse says itself why it shows nothing.
    const text = notice(this.#row, format, this.#player.hasAttribute("terse") ? error : "");
    setText(this.#notice, text);
    this.#notice.title = text;
    this.element.classList.toggle("has-notice", text !== "");
  }
}

function button(drawing, text, onclick) {
  const attributes = { type: "button", class: drawing, title: text, onclick };
  return el("button", attributes, icon(drawing), el("span", { class: "text" }, text));
}

function canFill() {
  return document.fullscreenEnabled || "webkitEnterFullscreen" in HTMLVideoElement.prototype;
}
