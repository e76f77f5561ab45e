/**
 * <camera-player camera="porch"></camera-player>: live video of one camera, on any page.
 *
 * Attributes: `camera` (its id; without: the one that is online longest), `server` (the server's address; without:
 * where this module came from), `format` ("mp4" or "jpeg"; without: what the browser plays), `label` (what a person
 * calls it), `terse` (say little over the picture and nothing aloud: the page does), `view` ("tile" where it is one of
 * many small pictures, which a busy server spares first; without: "large").
 * Event: `camerastate` with detail {state, sentence} on each change.
 * The page gives it a size; the picture is fitted in.
 */
import { watchInView } from "./player/in-view.js";
import { condition, isOld, sentence, shortWord } from "./player/condition.js";
import { PlayerView } from "./player/player-view.js";
import { Session, chooseFormat } from "./player/session.js";
import { ageText } from "./player/words.js";

const TICK_MS = 500;
// A tab or tile that is out of view for less keeps its stream: scrolling past is no leaving.
const LEAVE_AFTER_MS = 400;
// Share of the newest interval in the mean one.
const SMOOTHING = 0.2;
// Below it, what /status tells of the newest picture's age is older itself than the difference it makes.
const OLD_S = 2;

export class CameraPlayer extends HTMLElement {
  static observedAttributes = ["camera", "server", "format", "label", "terse", "view"];

  #view = new PlayerView(this.attachShadow({ mode: "open" }));
  #session = null;
  #unwatch = null;
  #isInView = false;
  #isSuspended = false;
  #leaving = 0;
  #ticking = 0;
  #ticks = 0;
  #picture = null;
  #intervalMs = 0;
  #state = "idle";
  #told = { isOnline: null, fps: 0, newestAgeS: 0 };
  #fallback = null;

  connectedCallback() {
    this.#nameIt();
    this.#unwatch = watchInView(this, (isInView) => {
      this.#isInView = isInView;
      this.#follow();
    });
    this.#tell();
  }

  disconnectedCallback() {
    this.#unwatch?.();
    this.#isInView = false;
    this.#stop();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === "label") return this.#nameIt();
    if (name === "terse") return this.#tell();
    if (name === "view") return this.#resize();
    this.#stop();
    this.#fallback = null;
    if (name !== "format") this.#forget();
    if (this.isConnected) this.#follow();
  }

  /** One of: idle, connecting, waiting, live, quiet, offline, absent, away, refused, unknown, failed. */
  get state() {
    return this.#state;
  }

  /** The id of the camera that is shown, also where none was asked for. */
  get camera() {
    return this.#session?.camera || this.getAttribute("camera") || "";
  }

  /** "mp4" or "jpeg": how the pictures come. */
  get format() {
    return this.#session?.format ?? this.#fallback ?? chooseFormat(this.getAttribute("format"));
  }

  /** The <video> or <canvas> with the picture that is shown, or null. */
  get picture() {
    return this.#view.picture;
  }

  /** {mediaTimeS, arrivedMs, width, height} of the picture that is shown, or null. */
  get shown() {
    return this.#picture;
  }

  /** Seconds since the shown picture came, or null. */
  get ageS() {
    if (!this.#picture) return null;
    // A camera that stood still before the page came sent its newest picture long before it arrived here.
    const newestAgeS = this.#told.newestAgeS > OLD_S ? this.#told.newestAgeS : 0;
    return Math.max((performance.now() - this.#picture.arrivedMs) / 1000, newestAgeS);
  }

  /** This viewer's id in /status, where the server tells it. */
  get viewerId() {
    return this.#session?.viewerId ?? "";
  }

  /** What the server said why there is no picture, or "". */
  get error() {
    return this.#session?.facts.error ?? "";
  }

  /** Pictures that the server left out for this viewer. */
  get lost() {
    return this.#session?.lost ?? 0;
  }

  /** What the page knows from /status, so that the player need not find it out: {isOnline, fps, newestAgeS}. */
  set told(told) {
    this.#told = told;
  }

  /** Stop the stream although the player is in view (something covers it), or let it go on. */
  set suspended(isSuspended) {
    this.#isSuspended = isSuspended;
    this.#follow();
  }

  /** Try again now, if the player waits for the server. */
  retry() {
    this.#session?.hurry();
  }

  /** Return the picture that is shown as an image file (a Blob), or null. */
  toBlob(type = "image/png") {
    const picture = this.picture;
    if (!picture) return Promise.resolve(null);
    const canvas = document.createElement("canvas");
    canvas.width = picture.videoWidth ?? picture.width;
    canvas.height = picture.videoHeight ?? picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, type));
  }

  #follow() {
    const isWanted = this.#isInView && !this.#isSuspended;
    clearTimeout(this.#leaving);
    if (isWanted) this.#start();
    // A tab that went to the back is throttled, so its streams end at once.
    else if (document.visibilityState === "hidden") this.#stop();
    else if (this.#session) this.#leaving = setTimeout(() => this.#stop(), LEAVE_AFTER_MS);
  }

  #start() {
    if (this.#session) return;
    this.#session = new Session({
      base: new URL(this.getAttribute("server") ?? new URL("..", import.meta.url), location.href),
      camera: this.getAttribute("camera") ?? "",
      format: this.format,
      size: this.#size,
      isOnline: this.#told.isOnline,
      view: this.#view,
      onPicture: (picture) => this.#take(picture),
      onChange: () => this.#tell(),
    });
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#tell();
  }

  #stop() {
    clearTimeout(this.#leaving);
    clearInterval(this.#ticking);
    // What a browser could not play it will not play after a pause either.
    this.#fallback = this.#session?.format ?? this.#fallback;
    this.#session?.close();
    this.#session = null;
    if (this.isConnected) this.#tell();
  }

  #forget() {
    this.#view.clear();
    this.#picture = null;
    this.#intervalMs = 0;
    this.#nameIt();
  }

  #take(picture) {
    const gapMs = (picture.mediaTimeS - (this.#picture?.mediaTimeS ?? NaN)) * 1000;
    // Not over a pause of the stream: that says nothing of the camera.
    if (this.#state === "live" && gapMs > 0) this.#smooth(gapMs);
    this.#picture = picture;
    if (this.#state !== "live") this.#tell();
  }

  #smooth(gapMs) {
    this.#intervalMs += (gapMs - this.#intervalMs) * (this.#intervalMs ? SMOOTHING : 1);
  }

  #tick() {
    this.#ticks += 1;
    if (this.#ticks % 2) this.#session.reportAge();
    this.#tell();
    if (this.#state === "quiet") this.#session.doubt();
  }

  #tell() {
    const word = this.#condition();
    const isTerse = this.hasAttribute("terse");
    const text = isTerse ? shortWord(word) : sentence(word, this.camera, this.#session?.facts.error);
    const age = this.ageS === null ? "" : `${isTerse ? "" : "picture "}${ageText(this.ageS)} old`;
    const isQuiet = word === "live" || word === "idle" || (word === "connecting" && this.picture !== null);
    this.#view.tell({ sentence: isTerse && this.picture ? "" : text, age, isOld: isOld(word), isQuiet });
    if (word === this.#state) return;
    this.#state = word;
    this.setAttribute("state", word);
    if (!isTerse && !["idle", "connecting"].includes(word)) this.#view.speak(`${this.#name()}: ${text}`);
    const detail = { state: word, sentence: text };
    this.dispatchEvent(new CustomEvent("camerastate", { detail, bubbles: true, composed: true }));
  }

  #condition() {
    const seen = {
      ...this.#session?.facts,
      camera: this.camera,
      isRunning: this.#session !== null,
      pictureMs: this.#picture?.arrivedMs ?? null,
      intervalMs: Math.max(this.#intervalMs, this.#told.fps ? 1000 / this.#told.fps : 0),
    };
    return condition(seen, performance.now());
  }

  #nameIt() {
    this.#view.label = `Live picture of ${this.#name()}`;
  }

  #resize() {
    if (this.#session) this.#session.size = this.#size;
  }

  get #size() {
    return this.getAttribute("view") === "tile" ? "tile" : "large";
  }

  #name() {
    return this.getAttribute("label") || this.camera || "the camera";
  }
}

if (!customElements.get("camera-player")) customElements.define("camera-player", CameraPlayer);
