/** Above the lanes: which day, how near, what the colours mean, which time zone. */
import { el, icon, setText } from "../live/dom.js";
import { inView } from "./footage.js";
import { dayOf, isClockChanged, zoomWords, zoneText } from "./moments.js";
import { FAMILIES, familyOf } from "./reasons.js";

const LEGEND = [
  ["footage", "Footage"],
  ["raw", "Being encoded"],
  ["protected", "Protected"],
  ["event", "Event"],
  ...FAMILIES,
];

export class Toolbar {
  element;
  #day;
  #onward;
  #zone = el("span", { class: "zone" });
  legend = el("ul", { class: "legend", "aria-label": "Colours" });
  #shown = "";

  /** `act(action, argument)` does what the keys of the same names do. */
  constructor(act) {
    const button = (contents, action, argument, words) => {
      const onclick = () => act(action, argument);
      return el("button", { type: "button", title: words, "aria-label": words, onclick }, contents);
    };
    const onchange = () => this.#day.value && act("goDay", this.#day.value);
    this.#day = el("input", { type: "date", "aria-label": "Day", required: true, onchange });
    this.#onward = button(icon("next"), "day", 1, "Day after (Page ↓)");
    const today = el("button", { type: "button", onclick: () => act("goDay", null) }, "Today");
    const back = button(icon("previous"), "day", -1, "Day before (Page ↑)");
    const zooms = [
      button(icon("zoom-out"), "zoom", 2, "Zoom out (−)"),
      button(icon("zoom-in"), "zoom", 0.5, "Zoom in (+)"),
      button("?", "help", null, "Keys (?)"),
    ];
    this.element = el(
      "div",
      { class: "toolbar" },
      el("div", { class: "group" }, back, this.#day, this.#onward, today),
      el("div", { class: "group zooms" }, ...zooms),
      this.#zone,
    );
  }

  /** Show which part of time is in view, and what there is to explain in it. */
  tell(view, nowMs, cameras) {
    const middleMs = Math.min((view.fromMs + view.toMs) / 2, nowMs);
    const day = dayOf(middleMs);
    if (this.#day.value !== day && document.activeElement !== this.#day) this.#day.value = day;
    this.#day.max = dayOf(nowMs);
    this.#onward.disabled = day >= dayOf(nowMs);
    const changed = view.toMs - view.fromMs < 3e8 && isClockChanged(view.fromMs, view.toMs - 1);
    const change = changed ? ", the clock is changed here" : "";
    setText(this.#zone, `${zoomWords(view)} · Times: ${zoneText(middleMs)}${change}`);
    this.#tellLegend(view, cameras);
  }

  /** Only what is in view is explained. */
  #tellLegend(view, cameras) {
    const seen = new Set();
    for (const { spans, gaps, events } of cameras) {
      for (const gap of inView(gaps, view)) seen.add(familyOf(gap.reason));
      for (const { isVideo, isProtected } of inView(spans, view)) {
        seen.add(isVideo ? "footage" : "raw");
        if (isProtected) seen.add("protected");
      }
      if (inView(events, view).length) seen.add("event");
    }
    const shown = LEGEND.filter(([key]) => seen.has(key));
    const key = shown.join();
    if (key === this.#shown) return;
    this.#shown = key;
    this.legend.replaceChildren(...shown.map(([name, words]) => el("li", { "data-kind": name }, words)));
  }
}
