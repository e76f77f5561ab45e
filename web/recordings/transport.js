/** The buttons below the picture, and the time of what is shown. */
import { el, icon, setText } from "../live/dom.js";
import { RATES, rateText } from "./marks.js";
import { clockText, dayText } from "./moments.js";

export class Transport {
  element;
  #play;
  #rates;
  #clock = el("strong", { class: "clock" });
  #day = el("span", { class: "date" });
  #live;
  #buttons = new Map();

  /** `act(action, argument)` does what the keys of the same names do. */
  constructor(act) {
    const button = (drawing, action, argument, words, text = null) => {
      const label = text ? el("span", { class: "text" }, text) : null;
      const onclick = () => act(action, argument);
      const made = el("button", { type: "button", title: words, "aria-label": words, onclick }, icon(drawing), label);
      this.#buttons.set(drawing, made);
      return made;
    };
    this.#play = button("play", "toggle", null, "Play");
    this.#play.classList.add("main");
    const onchange = () => act("setRate", Number(this.#rates.value));
    const rates = RATES.map((rate) => el("option", { value: rate }, rateText(rate)));
    this.#rates = el("select", { class: "rates", "aria-label": "Speed", onchange }, ...rates);
    this.#live = button("live", "live", null, "Go to live", "Live");
    this.element = el(
      "div",
      { class: "transport", role: "group", "aria-label": "Playing" },
      el("p", { class: "when" }, this.#clock, this.#day),
      el(
        "div",
        { class: "group" },
        button("event-back", "event", -1, "Previous event (P)"),
        button("step-back", "step", -1, "One picture back (,)"),
        this.#play,
        button("step-on", "step", 1, "One picture on (.)"),
        button("event-on", "event", 1, "Next event (N)"),
      ),
      el(
        "div",
        { class: "group" },
        this.#rates,
        button("mark-in", "mark", "in", "Mark the start (I)"),
        button("mark-out", "mark", "out", "Mark the end (O)"),
        button("full", "full", null, "Full screen"),
        this.#live,
      ),
    );
  }

  /** Show how it stands; a time of NaN: nothing is shown. */
  tell({ ms, isPlaying, isLive, rate, hasPicture, hasFootage, hasEvents }) {
    this.tellTime(isLive ? NaN : ms);
    const drawing = isPlaying ? "pause" : "play";
    if (this.#play.dataset.drawing !== drawing) {
      this.#play.dataset.drawing = drawing;
      this.#play.replaceChildren(icon(drawing));
      this.#play.title = `${isPlaying ? "Pause" : "Play"} (Space)`;
      this.#play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    }
    for (const name of ["step-back", "step-on"]) this.#buttons.get(name).disabled = !hasPicture;
    for (const name of ["event-back", "event-on"]) this.#buttons.get(name).disabled = !hasEvents;
    for (const name of ["mark-in", "mark-out"]) this.#buttons.get(name).disabled = !hasPicture;
    this.#play.disabled = !hasFootage;
    if (this.#rates.value !== String(rate)) this.#rates.value = String(rate);
    this.#live.setAttribute("aria-pressed", String(isLive));
    if (isLive) [this.#clock.textContent, this.#day.textContent] = ["Live", ""];
  }

  /** Show the time of the picture. */
  tellTime(ms) {
    setText(this.#clock, Number.isNaN(ms) ? "--:--:--" : clockText(ms, 1));
    setText(this.#day, Number.isNaN(ms) ? "" : dayText(ms));
  }
}
