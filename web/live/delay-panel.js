/** A table of a camera's delays, folded away until somebody wants to know. */
import { delayRows } from "./delays.js";
import { el, setText } from "./dom.js";

const HEADS = ["", "Mostly", "19 of 20 within"];

export class DelayPanel {
  #body = el("tbody");
  element = el(
    "details",
    { class: "delays", hidden: true },
    el("summary", {}, "Where the time goes"),
    el("table", {}, el("thead", {}, el("tr", {}, ...HEADS.map((head) => el("th", { scope: "col" }, head)))), this.#body),
  );

  /** `delays` is `delay_ms` of the camera's row of /status, where it has one. */
  tell(delays, ownAgeS) {
    const rows = delayRows(delays, ownAgeS);
    this.element.hidden = rows.length === 0;
    while (this.#body.rows.length > rows.length) this.#body.lastElementChild.remove();
    while (this.#body.rows.length < rows.length) {
      this.#body.append(el("tr", {}, el("th", { scope: "row" }), el("td"), el("td")));
    }
    rows.forEach((texts, at) => texts.forEach((text, column) => setText(this.#body.rows[at].cells[column], text)));
  }
}
