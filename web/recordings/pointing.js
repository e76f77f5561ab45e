/** What is said of a place in time: under the pointer with its picture, at the playhead in a line, also read aloud. */
import { el, setText } from "../live/dom.js";
import { clockText, dayText } from "./moments.js";
import { describe } from "./place.js";
import { Preview } from "./preview.js";

const HINT = "A click plays from there, the wheel (or two fingers) zooms, dragging moves. More: ?";
// How near the pointer must be to an event's mark.
const NEAR_PX = 6;
// A view of more than a day says of which day a time is.
const DAY_MS = 9e7;

export class Pointing {
  readout = el("p", { class: "readout" });
  #preview;

  constructor(library) {
    this.#preview = new Preview(library);
    document.body.append(this.#preview.element);
  }

  /** The pointer is at a place of the lanes, or (null) nowhere. */
  hover(place, view, nowMs) {
    if (!place?.camera) return this.#preview.hide();
    const { camera, ms, msPerPx } = place;
    const { words, span } = describe(camera, ms, msPerPx * NEAR_PX, nowMs);
    const day = view.toMs - view.fromMs > DAY_MS ? `${dayText(ms)}, ` : "";
    const clamp = (other) => Math.min(Math.max(other, span.fromMs + 1), span.toMs - 1);
    const time = `${day}${clockText(ms, msPerPx < 100 ? 1 : 0)}`;
    this.#preview.show(place, { time, words, hasPicture: span ? { clamp } : null });
    setText(this.readout, lineOf(camera, ms, words, span));
  }

  /** The playhead is at a time of a camera, or (NaN) nowhere; return the words for it. */
  tell(camera, ms, nowMs) {
    const { words, span } = describe(camera, ms, 0, nowMs);
    const line = Number.isNaN(ms) ? camera.label : lineOf(camera, ms, words, span);
    if (this.#preview.element.hidden) setText(this.readout, Number.isNaN(ms) ? HINT : line);
    return line;
  }

  hide() {
    this.#preview.hide();
  }
}

function lineOf(camera, ms, words, span) {
  return [camera.label, clockText(ms), words || (span ? "footage" : "")].filter(Boolean).join(" · ");
}
