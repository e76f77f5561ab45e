/** What the page says while there is no timeline: nothing was ever recorded, the library is starting, no camera. */
import { el } from "../live/dom.js";
import { MODES } from "./camera-panel.js";

const OFFER =
  "Choose which cameras to record. “All the time” keeps everything; “Around events” keeps some seconds before " +
  "and after each event.";

export class Empty {
  #place;
  #onMode;
  #key = "";

  /** `onMode(id, mode)` sets how a camera is recorded. */
  constructor(place, onMode) {
    this.#place = place;
    this.#onMode = onMode;
  }

  /** `kind`: "" (hidden), "loading", "starting", "unused" or "no-camera"; `words` explain it. */
  tell(kind, cameras, words = "") {
    this.#place.hidden = kind === "";
    const key = JSON.stringify([kind, words, kind === "unused" && cameras.map(({ id, label }) => [id, label])]);
    if (key === this.#key) return;
    this.#key = key;
    this.#place.replaceChildren(...this.#contents(kind, cameras, words));
  }

  #contents(kind, cameras, words) {
    if (kind === "loading") return [el("p", { class: "soft" }, "Loading")];
    if (kind === "starting") {
      const goesOn = el("p", { class: "soft" }, "The page goes on by itself.");
      return [el("h2", {}, "The library is starting"), el("p", {}, words), goesOn];
    }
    if (kind === "no-camera") {
      return [
        el("h2", {}, "No camera yet"),
        el("p", {}, "The live page says how to connect one. Recording is switched on here afterwards."),
        el("p", {}, el("a", { class: "button", href: "./" }, "Live cameras")),
      ];
    }
    if (kind === "unused") return this.#offer(cameras);
    return [];
  }

  #offer(cameras) {
    return [
      el("h2", {}, "Nothing is recorded yet"),
      el("p", {}, OFFER),
      el("ul", { class: "offers" }, ...cameras.map((camera) => this.#row(camera))),
    ];
  }

  #row({ id, label }) {
    const said = el("span", { class: "said is-fault", role: "status" });
    const choose = (mode) => async () => {
      said.textContent = "";
      for (const button of buttons) button.disabled = true;
      try {
        await this.#onMode(id, mode);
      } catch (refusal) {
        said.textContent = refusal.message;
        for (const button of buttons) button.disabled = false;
      }
    };
    const buttons = MODES.slice(1).map(([mode, words]) => {
      const name = `Record ${label} ${words.toLowerCase()}`;
      return el("button", { type: "button", "data-mode": mode, "aria-label": name, onclick: choose(mode) }, words);
    });
    return el("li", {}, el("span", { class: "label" }, label), ...buttons, said);
  }
}
