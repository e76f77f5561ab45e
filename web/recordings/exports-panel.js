/** The files that were asked for: how far each is, and where it can be had. */
import { el, icon, setText } from "../live/dom.js";
import { sizeText } from "./marks.js";
import { durationText, parseTime, rangeText } from "./moments.js";

const BUSY_EVERY_MS = 1000;
const IDLE_EVERY_MS = 20_000;

export class ExportsPanel {
  element;
  #list = el("ul", { class: "exports" });
  #said = el("p", { class: "said is-fault", role: "status" });
  #library;
  #label;
  #rows = new Map();
  #timer = 0;

  /** `label(id)` returns what people call a camera. */
  constructor(library, label) {
    this.#library = library;
    this.#label = label;
    this.element = el("section", { class: "card", hidden: true }, el("h2", {}, "Exports"), this.#list, this.#said);
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  /** Ask how they stand, and again as long as one is being made. */
  async refresh() {
    clearTimeout(this.#timer);
    let all = [];
    try {
      all = await this.#library.exports();
      setText(this.#said, "");
    } catch (refusal) {
      // Without a library there are none; the timeline says so already.
      if (![404, 503, 0].includes(refusal.status)) setText(this.#said, refusal.message);
    }
    this.#show(all);
    if (document.hidden) return;
    const isBusy = all.some((one) => !isOver(one));
    this.#timer = setTimeout(() => this.refresh(), isBusy ? BUSY_EVERY_MS : IDLE_EVERY_MS);
  }

  #show(all) {
    this.element.hidden = all.length === 0;
    const ids = new Set(all.map((one) => one.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const one of all) {
      if (!this.#rows.has(one.id)) this.#add(one);
      this.#rows.get(one.id).tell(one);
    }
  }

  #add(one) {
    const row = new ExportRow(this.#label(one.camera), () => this.#remove(one.id));
    this.#rows.set(one.id, row);
    this.#list.prepend(row.element);
  }

  async #remove(id) {
    try {
      await this.#library.removeExport(id);
    } catch (refusal) {
      setText(this.#said, refusal.message);
    }
    await this.refresh();
  }
}

class ExportRow {
  element;
  #label;
  #title = el("span", { class: "what" });
  #state = el("span", { class: "soft" });
  #progress = el("progress", { max: 1 });
  #link = el("a", { class: "button small", download: "" }, icon("save"), el("span", { class: "spoken" }, "Download"));

  constructor(label, remove) {
    this.#label = label;
    const said = { title: "Remove", "aria-label": "Remove this export" };
    const drop = el("button", { type: "button", class: "small", ...said, onclick: remove }, icon("clear"));
    this.element = el("li", {}, el("div", {}, this.#title, this.#progress, this.#state), this.#link, drop);
  }

  tell(one) {
    const [fromMs, toMs] = [parseTime(one.from), parseTime(one.to)];
    const kind = one.kind === "timelapse" ? `timelapse ${one.speed ?? ""}×` : "clip";
    setText(this.#title, `${this.#label}, ${kind}`);
    this.#title.title = rangeText(fromMs, toMs);
    const isDone = one.state === "done";
    this.#progress.hidden = isOver(one);
    if (typeof one.progress === "number") this.#progress.value = one.progress;
    this.#progress.setAttribute("aria-label", `${kind} of ${this.#label}`);
    setText(this.#state, stateText(one, durationText(toMs - fromMs)));
    this.#link.hidden = !isDone;
    if (isDone && one.address) this.#link.href = one.address;
  }
}

function isOver({ state }) {
  return state === "done" || state === "failed";
}

function stateText(one, duration) {
  if (one.state === "failed") return one.error || "failed";
  if (one.state === "done") return `of ${duration}${one.size_bytes ? `, ${sizeText(one.size_bytes)}` : ""}`;
  return `${Math.round(100 * (one.progress ?? 0))} %`;
}
