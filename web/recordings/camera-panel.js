/** The chosen camera: how it is recorded, what it does now, what is stored. */
import { el, icon, setText } from "../live/dom.js";
import { sizeText } from "./marks.js";
import { clockText, dayOf, dayText } from "./moments.js";
import { stateLook, stateText } from "./reasons.js";

export const MODES = [
  ["off", "Off"],
  ["continuous", "All the time"],
  ["event", "Around events"],
];
const EVENT_S = 10;

export class CameraPanel {
  element;
  #title = el("h2");
  #state = el("p", { class: "state", role: "status" });
  #stored = el("p", { class: "stored" });
  #trouble = el("p", { class: "trouble", role: "alert" });
  #mode;
  #event;
  #id = "";
  #isBusy = false;

  /** `on`: {mode(id, mode), event(id, name, seconds)}; both may throw what the server refused. */
  constructor(on) {
    const onchange = () => this.#do(() => on.mode(this.#id, this.#mode.value));
    const options = MODES.map(([mode, words]) => el("option", { value: mode }, words));
    this.#mode = el("select", { id: "mode", onchange }, ...options);
    const trigger = () => this.#do(() => on.event(this.#id, "by hand", EVENT_S));
    this.#event = el("button", { type: "button", class: "trigger", onclick: trigger }, icon("bell"), "Trigger an event");
    this.element = el(
      "section",
      { class: "card camera" },
      this.#title,
      this.#state,
      el("div", { class: "row" }, el("label", { for: "mode" }, "Record"), this.#mode, this.#event),
      this.#stored,
      this.#trouble,
    );
  }

  tell(camera, nowMs) {
    if (this.#id !== camera.id) setText(this.#trouble, "");
    this.#id = camera.id;
    setText(this.#title, camera.label);
    setText(this.#state, stateText(camera) + (camera.detail ? `: ${camera.detail}` : ""));
    this.#state.dataset.look = stateLook(camera);
    if (!this.#isBusy && document.activeElement !== this.#mode) this.#mode.value = camera.mode;
    this.#event.hidden = camera.mode !== "event";
    setText(this.#stored, storedText(camera, nowMs));
  }

  async #do(work) {
    this.#isBusy = true;
    setText(this.#trouble, "");
    try {
      await work();
    } catch (refusal) {
      setText(this.#trouble, refusal.message);
    }
    this.#isBusy = false;
  }
}

/** "1.2 GB since Sun 22 Nov 2026, 21:33" */
function storedText({ sizeBytes, oldestMs }, nowMs) {
  if (!sizeBytes || Number.isNaN(oldestMs)) return "Nothing stored";
  const clock = clockText(oldestMs).slice(0, 5);
  return `${sizeText(sizeBytes)} since ${dayOf(oldestMs) === dayOf(nowMs) ? clock : `${dayText(oldestMs)}, ${clock}`}`;
}
