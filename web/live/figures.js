/** The list of a camera's figures; each keeps its place, and is hidden while nothing is known. */
import { el, setText } from "./dom.js";
import { KEYS, SMALL } from "./facts.js";

export class Figures {
  element = el("dl", { class: "facts" });
  #figures = new Map();

  constructor() {
    for (const key of KEYS) {
      const [title, text] = [el("dt"), el("dd")];
      const element = el("div", { class: SMALL.has(key) ? null : "more", "data-fact": key, hidden: true }, title, text);
      this.#figures.set(key, { element, title, text });
      this.element.append(element);
    }
  }

  /** Show [key, title, text] for each figure that is known. */
  tell(facts) {
    const known = new Set(facts.map(([key]) => key));
    for (const [key, figure] of this.#figures) figure.element.hidden = !known.has(key);
    for (const [key, title, text] of facts) {
      const figure = this.#figures.get(key);
      setText(figure.title, title);
      setText(figure.text, text);
    }
  }
}
