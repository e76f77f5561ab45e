/** What a player consists of on the page: layers for the picture, a note over them, and a voice for screen readers. */
import { drawInto } from "./canvas-screen.js";
import { style } from "./style.js";

export class PlayerView {
  /** Where the moving picture is drawn, by one or the other. */
  video = make("video", "moving");
  canvas = make("canvas", "moving");
  #still = make("canvas", "still");
  #stage = make("div", "stage");
  #note = make("p", "note");
  #sentence = make("span", "sentence");
  #age = make("span", "age");
  #spoken = make("p", "spoken");
  #moving = null;
  #hasStill = false;

  constructor(root) {
    root.adoptedStyleSheets = [style];
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.setAttribute("muted", "");
    this.video.setAttribute("playsinline", "");
    this.#stage.setAttribute("role", "img");
    this.#stage.append(this.#still, this.video, this.canvas);
    this.#note.setAttribute("aria-hidden", "true");
    this.#note.append(this.#sentence, this.#age);
    this.#spoken.setAttribute("role", "status");
    root.append(this.#stage, this.#note, this.#spoken);
    this.#show(null);
  }

  /** The element with the picture, or null while there is none. */
  get picture() {
    return this.#moving ?? (this.#hasStill ? this.#still : null);
  }

  /** What a screen reader calls the picture. */
  set label(text) {
    this.#stage.setAttribute("aria-label", text);
  }

  /** Show a single picture, unless a moving one is there. */
  showStill(image) {
    if (this.#moving) return;
    this.#paintStill(image);
    this.#show(null);
  }

  /** Show the video or the canvas, which has a picture now. */
  showMoving(element) {
    if (this.#moving !== element) this.#show(element);
  }

  /** Keep the last picture while what drew it goes away. */
  freeze() {
    if (this.#moving) this.#paintStill(this.#moving);
    this.#show(null);
  }

  /** Forget every picture. */
  clear() {
    this.#hasStill = false;
    this.#show(null);
  }

  /** Say what is so: nothing over a live picture, otherwise a sentence and how old the picture is. */
  tell({ sentence, age, isOld, isQuiet }) {
    const hasPicture = this.picture !== null;
    this.#stage.classList.toggle("old", isOld && hasPicture);
    this.#note.classList.toggle("alone", !hasPicture);
    this.#note.hidden = isQuiet;
    setText(this.#sentence, sentence);
    setText(this.#age, hasPicture ? age : "");
  }

  /** Tell screen readers, once for each change. */
  speak(text) {
    setText(this.#spoken, text);
  }

  #paintStill(image) {
    this.#hasStill = drawInto(this.#still, this.#still.getContext("2d", { alpha: false }), image) || this.#hasStill;
  }

  #show(moving) {
    this.#moving = moving;
    this.#still.hidden = moving !== null || !this.#hasStill;
    // The video always lies over the still picture, and is transparent until it has one of its own: a browser may put
    // off pictures, and the news of them, for a video that is hidden.
    this.canvas.hidden = moving !== this.canvas;
  }
}

function make(name, className) {
  const element = document.createElement(name);
  element.className = className;
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
