/**
 * The timeline of all cameras: a canvas with their lanes, their names beside it, the playhead over it; and what a mouse,
 * a finger or a wheel does there.
 */
import { el, setText } from "../live/dom.js";
import { msAt, xOf } from "./axis.js";
import { Gesture, wheeled } from "./gestures.js";
import { AXIS_PX, laneShape, paint } from "./painter.js";
import { Palette } from "./palette.js";
import { stateLook, stateText } from "./reasons.js";

const NARROW_PX = 640;

export class Lanes {
  element;
  area;
  #canvas = el("canvas", { "aria-hidden": "true" });
  #names = el("ul", { class: "lane-names", "aria-label": "Cameras" });
  #playhead = el("div", { class: "playhead", hidden: true });
  #pointer = el("div", { class: "pointer", hidden: true });
  #on;
  #gesture = new Gesture();
  #palette = new Palette(() => this.draw());
  #scene = { cameras: [], view: { fromMs: 0, toMs: 1 }, selectedId: "", marks: { inMs: null, outMs: null }, nowMs: 0 };
  #playMs = NaN;
  #frame = 0;
  #marking = null;

  /** `on`: {view(view), play(cameraId, ms), select(cameraId), mark(fromMs, toMs), hover({camera, ms, x, y} or null)}. */
  constructor(on) {
    this.#on = on;
    this.area = el(
      "div",
      { class: "lane-area", tabindex: 0, role: "slider", "aria-label": "Time", "aria-keyshortcuts": "?" },
      this.#canvas,
      this.#pointer,
      this.#playhead,
    );
    this.element = el("div", { class: "lanes" }, this.#names, this.area);
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.area);
  }

  /** Show other things; what is left out stays. */
  update(scene) {
    this.#scene = { ...this.#scene, ...scene };
    this.draw();
  }

  /** Put the playhead at a time, `words` say what is there. */
  tell(ms, words) {
    this.#playMs = ms;
    this.#movePlayhead();
    if (Number.isNaN(ms)) return;
    const { view } = this.#scene;
    for (const [name, value] of [["min", view.fromMs], ["max", view.toMs], ["now", ms]]) {
      this.area.setAttribute(`aria-value${name}`, Math.round(value / 1000));
    }
    this.area.setAttribute("aria-valuetext", words);
  }

  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  get #widthPx() {
    return this.area.clientWidth;
  }

  get #shape() {
    return laneShape(document.documentElement.clientWidth < NARROW_PX);
  }

  #draw() {
    const widthPx = this.#widthPx;
    if (!widthPx) return;
    const shape = this.#shape;
    const heightPx = AXIS_PX + this.#scene.cameras.length * shape.heightPx;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(widthPx * scale), Math.round(heightPx * scale)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      [this.#canvas.width, this.#canvas.height] = [width, height];
      this.area.style.height = `${heightPx}px`;
    }
    const context = this.#canvas.getContext("2d");
    context.setTransform(width / widthPx, 0, 0, height / heightPx, 0, 0);
    paint(context, this.#palette, widthPx, { ...this.#scene, shape });
    this.#nameLanes(shape);
    this.#movePlayhead();
  }

  #nameLanes(shape) {
    const { cameras, selectedId } = this.#scene;
    while (this.#names.children.length > cameras.length) this.#names.lastElementChild.remove();
    while (this.#names.children.length < cameras.length) this.#names.append(this.#makeName());
    cameras.forEach((camera, row) => {
      const item = this.#names.children[row];
      const button = item.firstElementChild;
      item.style.height = `${shape.heightPx}px`;
      button.dataset.camera = camera.id;
      button.dataset.look = stateLook(camera);
      setText(button.lastElementChild, camera.label);
      const title = `${camera.label}: ${stateText(camera)}`;
      if (button.title !== title) button.title = title;
      button.setAttribute("aria-pressed", String(camera.id === selectedId));
    });
  }

  #makeName() {
    const choose = (event) => this.#on.select(event.currentTarget.dataset.camera);
    const contents = ["mark", "label"].map((part) => el("span", { class: part }));
    return el("li", {}, el("button", { type: "button", onclick: choose }, ...contents));
  }

  #movePlayhead() {
    const x = xOf(this.#scene.view, this.#widthPx, this.#playMs);
    this.#playhead.hidden = !(x >= 0 && x <= this.#widthPx);
    if (!this.#playhead.hidden) this.#playhead.style.transform = `translateX(${x.toFixed(2)}px)`;
  }

  #listen() {
    const on = (name, hear, options) => this.area.addEventListener(name, hear, options);
    on("pointerdown", (event) => this.#press(event));
    on("pointermove", (event) => this.#drag(event));
    on("pointerup", (event) => this.#release(event));
    on("pointercancel", (event) => this.#gesture.up(event.pointerId));
    on("pointerleave", () => this.#hover(null));
    on("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #press(event) {
    if (event.button !== 0) return;
    this.area.setPointerCapture(event.pointerId);
    if (event.shiftKey) this.#marking = this.#at(event).ms;
    else this.#gesture.down(event.pointerId, event.offsetX);
  }

  #drag(event) {
    const place = this.#at(event);
    if (this.#marking !== null) {
      this.#on.mark(Math.min(this.#marking, place.ms), Math.max(this.#marking, place.ms));
      return;
    }
    const { view } = this.#scene;
    const next = this.#gesture.move(event.pointerId, place.x, view, this.#widthPx);
    if (next !== view) this.#on.view(next);
    this.area.classList.toggle("is-dragging", this.#gesture.isDragging);
    this.#hover(this.#gesture.isDragging ? null : place);
  }

  #release(event) {
    this.area.classList.remove("is-dragging");
    if (this.#marking !== null) {
      this.#marking = null;
      return;
    }
    const place = this.#at(event);
    if (!this.#gesture.up(event.pointerId)) return;
    if (place.camera) this.#on.play(place.camera.id, place.ms);
    if (event.pointerType === "touch") this.#hover(null);
  }

  #wheel(event) {
    event.preventDefault();
    this.#on.view(wheeled(this.#scene.view, this.#widthPx, this.#at(event).x, event));
    this.#hover(this.#at(event));
  }

  #hover(place) {
    this.#pointer.hidden = place === null;
    if (place) this.#pointer.style.transform = `translateX(${place.x}px)`;
    this.#on.hover(place);
  }

  /** Return {camera, ms, x, y, msPerPx} of a pointer; `camera` is null beside the lanes. */
  #at({ clientX, clientY }) {
    const box = this.area.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    const { cameras, view } = this.#scene;
    const row = Math.floor((y - AXIS_PX) / this.#shape.heightPx);
    const msPerPx = (view.toMs - view.fromMs) / this.#widthPx;
    return { camera: cameras[row] ?? null, ms: msAt(view, this.#widthPx, x), x, y, msPerPx, box };
  }
}
