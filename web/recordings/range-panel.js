/** The marked range: download, export, protect, delete. */
import { el, icon, setText } from "../live/dom.js";
import { summed } from "./footage.js";
import { isWhole, sizeText } from "./marks.js";
import { durationText, rangeText } from "./moments.js";

const SPEEDS = [10, 60, 300, 1000];
const USUAL_SPEED = 60;
const LONGEST_DOWNLOAD_MS = 86_400_000;

export class RangePanel {
  element;
  #hint = el("p", { class: "soft" }, "Mark a start (I) and an end (O), or drag with Shift held.");
  #words = el("p", { class: "span" });
  #size = el("p", { class: "soft" });
  #said = el("p", { class: "said", role: "status" });
  #download = el("a", { class: "button", download: "" }, icon("save"), "Download");
  #speed = el(
    "select",
    { "aria-label": "Timelapse speed" },
    ...SPEEDS.map((speed) => el("option", { value: speed, selected: speed === USUAL_SPEED }, `${speed}×`)),
  );
  #protect;
  #actions;
  #remove;
  #range = null;
  #addressOf;
  #isProtected = false;

  /** `on`: {address(range), export(range, how), protect(range, isProtected), remove(range), clear()}; they may throw. */
  constructor(on) {
    const button = (drawing, words, work, look = null) =>
      el("button", { type: "button", class: look, onclick: () => this.#do(work) }, icon(drawing), el("span", {}, words));
    this.#protect = button("lock", "Protect", () => on.protect(this.#range, !this.#isProtected));
    this.#remove = button("trash", "Delete…", () => on.remove(this.#range), "danger");
    const clip = button("film", "Export clip", () => on.export(this.#range, { kind: "clip" }));
    const timelapse = () => ({ kind: "timelapse", speed: Number(this.#speed.value) });
    const lapse = button("film", "Timelapse", () => on.export(this.#range, timelapse()));
    const pair = el("span", { class: "pair" }, lapse, this.#speed);
    this.#actions = el("div", { class: "actions" }, this.#download, clip, pair, this.#protect, this.#remove);
    const said = { title: "Remove the marks (X)", "aria-label": "Remove the marks" };
    const clear = el("button", { type: "button", class: "small", ...said, onclick: on.clear }, icon("clear"));
    this.element = el(
      "section",
      { class: "card range", "aria-label": "Marked range" },
      el("div", { class: "title" }, el("h2", {}, "Marked range"), clear),
      this.#hint,
      this.#words,
      this.#size,
      this.#actions,
      this.#said,
    );
    this.#addressOf = on.address;
  }

  tell(camera, marks) {
    const has = isWhole(marks);
    this.#range = has ? { camera: camera.id, label: camera.label, fromMs: marks.inMs, toMs: marks.outMs } : null;
    this.element.classList.toggle("is-set", has);
    this.#hint.hidden = has;
    this.#words.hidden = this.#size.hidden = this.#actions.hidden = !has;
    if (!has) return;
    const total = summed(camera.spans, marks.inMs, marks.outMs);
    setText(this.#words, `${rangeText(marks.inMs, marks.outMs)} (${durationText(marks.outMs - marks.inMs)})`);
    const footage = `${durationText(total.durationMs)} of footage, about ${sizeText(total.sizeBytes)}`;
    setText(this.#size, `${camera.label}: ${total.durationMs ? footage : "no footage"}`);
    this.#allow(total, marks);
  }

  #allow(total, marks) {
    const isEmpty = total.durationMs === 0;
    for (const one of this.#actions.querySelectorAll("button, select")) one.disabled = isEmpty;
    this.#isProtected = !isEmpty && total.protectedMs > total.durationMs - 1;
    setText(this.#protect.lastElementChild, this.#isProtected ? "End protection" : "Protect");
    const canDownload = !isEmpty && marks.outMs - marks.inMs <= LONGEST_DOWNLOAD_MS;
    if (canDownload) this.#download.href = this.#addressOf(this.#range);
    else this.#download.removeAttribute("href");
    this.#download.classList.toggle("is-off", !canDownload);
  }

  async #do(work) {
    setText(this.#said, "");
    this.#said.classList.remove("is-fault");
    try {
      setText(this.#said, (await work()) ?? "");
    } catch (refusal) {
      this.#said.classList.add("is-fault");
      setText(this.#said, refusal.message);
    }
  }
}
