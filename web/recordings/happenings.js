/** Events and gaps in view as a list, for those who read better than they aim. */
import { el } from "../live/dom.js";
import { inView } from "./footage.js";
import { eventText, gapText } from "./place.js";
import { clockText, dayOf, dayText } from "./moments.js";

const MOST = 100;

export class Happenings {
  element;
  #list = el("ol");
  #summary = el("summary");
  #key = null;

  /** `go(ms)` plays from a time on. */
  constructor(go) {
    this.#list.addEventListener("click", (event) => {
      const at = event.target.closest("button")?.dataset.at;
      if (at) go(Number(at));
    });
    this.element = el("details", { class: "card happenings" }, this.#summary, this.#list);
  }

  tell(camera, view, nowMs) {
    const gaps = inView(camera.gaps, view).map((gap) => [gap, "gap"]);
    const events = inView(camera.events, view).map((event) => [event, "event"]);
    const newest = [...events, ...gaps].sort(([one], [other]) => other.fromMs - one.fromMs).slice(0, MOST);
    const words = (range, kind) => (kind === "gap" ? gapText(range, camera, range.fromMs, nowMs) : eventText(range));
    const all = newest.map(([range, kind]) => [range, words(range, kind), kind]);
    const key = [events.length, gaps.length, ...all.map(([range, text]) => `${range.fromMs} ${text}`)].join("|");
    if (key === this.#key) return;
    this.#key = key;
    this.#summary.textContent = `Events and gaps in view: ${count(events.length, "event")}, ${count(gaps.length, "gap")}`;
    this.#list.replaceChildren(...all.map((one) => row(...one, nowMs)));
  }
}

function row({ fromMs }, words, kind, nowMs) {
  const day = dayOf(fromMs) === dayOf(nowMs) ? "" : `${dayText(fromMs)}, `;
  const time = el("span", { class: "at" }, `${day}${clockText(fromMs)}`);
  return el("li", { "data-kind": kind }, el("button", { type: "button", "data-at": fromMs }, time, words));
}

function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
