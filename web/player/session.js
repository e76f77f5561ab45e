/**
 * One stretch of watching a camera, while the player is in view: a snapshot at once, then the stream on a screen of its
 * format. It keeps `facts` (see condition.js) and tells each picture; what is made of them is the player's matter.
 */
import { Backoff } from "./backoff.js";
import { CanvasScreen } from "./canvas-screen.js";
import { frameAgeS } from "./elsewhere.js";
import { decodeJpeg } from "./jpeg.js";
import { MseScreen, canPlayH264 } from "./mse-screen.js";
import { ViewerLink } from "./viewer-link.js";

// A screen that breaks is made anew; one that breaks so often within so long is given up for JPEG.
const MOST_BREAKS = 3;
const BREAKS_WITHIN_MS = 60_000;
// Shorter than PATIENCE_MS of condition.js, so that nobody reads "offline" below a picture that moves.
const LAST_PICTURES_MS = 500;
// A camera whose newest frame is no older goes on: then it is the connection that does not.
const GOES_ON_S = 1;
const ASK_AGAIN_MS = 500;

/** The format that is right for this browser; `wish` is the attribute's. */
export function chooseFormat(wish) {
  if (wish === "jpeg" || wish === "mp4") return wish;
  return canPlayH264() ? "mp4" : "jpeg";
}

export class Session {
  /** What is known of the connection and the camera. */
  facts = {
    isOpen: false,
    openChangedMs: performance.now(),
    isServerThere: null,
    isUnknown: false,
    isOnline: null,
    onlineChangedMs: performance.now(),
    error: "",
  };
  /** Pictures that the server left out for this viewer, as it told. */
  lost = 0;
  /** This viewer's id in /status, where the server tells it. */
  viewerId = "";
  format;
  camera;
  #base;
  #view;
  #onPicture;
  #onChange;
  #ending = new AbortController();
  #link;
  #screen = null;
  #shown = null;
  #mediaTimeS = null;
  #breaks = [];
  #size;
  #toldSize = "";
  #badNewsMs = performance.now();
  #doubtAfterMs = 0;
  #doubts = new Backoff({ firstMs: 1000, mostMs: 16_000 });

  /** `size`: "tile" or "large", see `size` below. */
  constructor({ base, camera, format, size, isOnline, view, onPicture, onChange }) {
    this.#base = base;
    this.camera = camera;
    this.format = format;
    this.#size = size;
    this.#view = view;
    this.#onPicture = onPicture;
    this.#onChange = onChange;
    this.#connect();
    // Of an absent camera there is none; asking would only fill the browser's console.
    if (camera && isOnline !== false) this.#fetchSnapshot();
  }

  /** Tell the server how old the picture on the screen is. */
  reportAge() {
    if (this.#shown?.mediaTimeS != null) this.#link.send({ type: "age", media_time_s: this.#shown.mediaTimeS });
  }

  /** How large the camera is shown: a busy server spares the tiles first. */
  set size(size) {
    this.#size = size;
    this.#tellSize();
  }

  /** Pictures have stopped: connect anew if the camera goes on, as the server says elsewhere. */
  async doubt() {
    const doubtedMs = performance.now();
    if (!this.#link.hasFlowed || doubtedMs < this.#doubtAfterMs) return;
    this.#doubtAfterMs = doubtedMs + this.#doubts.next();
    const ageS = await frameAgeS(this.#base, this.camera);
    const hasMoved = this.#shown?.arrivedMs > doubtedMs;
    if (this.#ending.signal.aborted || hasMoved || !this.#link.hasFlowed) return;
    // Without an answer it is the network that is away: ask again soon, the answer tells that it is back.
    if (ageS === null) this.#doubtAfterMs = Math.min(this.#doubtAfterMs, performance.now() + ASK_AGAIN_MS);
    else if (ageS < GOES_ON_S) this.#link.renew();
  }

  /** Try again now, if waiting. */
  hurry() {
    this.#link.hurry();
  }

  /** The last picture stays on the view. Idempotent. */
  close() {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#link.close();
    this.#closeScreen();
  }

  #connect() {
    this.#link = new ViewerLink(() => this.#address(), this.#base, {
      opened: () => {
        this.#turn(true);
        this.#tellSize();
      },
      closed: () => this.#lose(),
      refused: (isServerThere) => this.#takeRefusal(isServerThere),
      text: (message) => this.#hear(message),
      binary: (bytes, arrivedMs) => this.#take(bytes, arrivedMs),
    });
  }

  #address() {
    const url = new URL("ws/viewer", this.#base);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.camera) url.searchParams.set("camera", this.camera);
    url.searchParams.set("format", this.format);
    url.searchParams.set("view", this.#size);
    this.#toldSize = this.#size;
    // In MP4 the time of a picture stands in the fragment; a JPEG has none.
    if (this.format === "jpeg") url.searchParams.set("meta", "1");
    return url;
  }

  #tellSize() {
    const size = this.#size;
    if (size !== this.#toldSize && this.#link.send({ type: "view", view: size })) this.#toldSize = size;
  }

  #turn(isOpen) {
    const openChangedMs = performance.now();
    this.#note({ isOpen, openChangedMs, isServerThere: isOpen || null, isUnknown: false, error: "" });
  }

  #lose() {
    this.#closeScreen();
    if (this.facts.isOpen) this.#turn(false);
  }

  #takeRefusal(isServerThere) {
    this.#note({ isServerThere });
    if (isServerThere && this.camera) this.#fetchSnapshot();
  }

  #hear(message) {
    switch (message.type) {
      case "hello":
        return this.#greet(message);
      case "stream":
        if (this.format !== "mp4") return;
        this.#screen ??= this.#makeScreen();
        return this.#screen.begin(message.codec);
      case "frame":
        this.#mediaTimeS = message.media_time_ns / 1e9;
        return;
      case "dropped":
        this.lost += message.frames;
        return;
      case "offline":
        this.#badNewsMs = performance.now();
        return this.#note({ isOnline: false });
      case "online":
        return this.#note({ isOnline: true, error: "" });
      case "error":
        this.#badNewsMs = performance.now();
        return this.#note({ error: String(message.message) });
    }
  }

  #greet({ camera, online, id }) {
    this.viewerId = id ?? "";
    const isFirstSeen = camera && camera !== this.camera;
    this.camera = camera ?? this.camera;
    this.#note({ isOnline: online, error: "" });
    if (isFirstSeen) this.#fetchSnapshot();
  }

  #take(bytes, arrivedMs) {
    if (this.format === "mp4") return this.#screen?.push(bytes, arrivedMs);
    this.#screen ??= this.#makeScreen();
    this.#screen.push(bytes, arrivedMs, this.#mediaTimeS);
  }

  #makeScreen() {
    const listener = {
      onShown: (picture) => this.#show(picture),
      onBroken: (reason, how) => this.#mend(reason, how),
    };
    const { video, canvas } = this.#view;
    return this.format === "mp4" ? new MseScreen(video, listener) : new CanvasScreen(canvas, listener);
  }

  #show(picture) {
    this.#shown = picture;
    this.#view.showMoving(this.#screen.element);
    this.#doubts.reset();
    this.#doubtAfterMs = 0;
    // A camera's last pictures may come after the word that it is offline; one that goes on sending is there.
    const isProof = picture.arrivedMs > this.#badNewsMs + LAST_PICTURES_MS;
    if (isProof && (this.facts.error || this.facts.isOnline === false)) this.#note({ isOnline: true, error: "" });
    this.#onPicture(picture);
  }

  #mend(reason, { isForGood = false, isExcused = false } = {}) {
    console.warn(`camera-player: ${this.camera}: ${reason}`);
    const nowMs = performance.now();
    this.#breaks = this.#breaks.filter((atMs) => nowMs - atMs < BREAKS_WITHIN_MS);
    if (!isExcused) this.#breaks.push(nowMs);
    this.#closeScreen();
    if (!isForGood && this.#breaks.length < MOST_BREAKS) return this.#link.renew();
    this.format = "jpeg";
    this.#link.close();
    this.#lose();
    this.#connect();
  }

  #closeScreen() {
    this.#view.freeze();
    this.#screen?.close();
    this.#screen = null;
  }

  async #fetchSnapshot() {
    const address = new URL(`cameras/${encodeURIComponent(this.camera)}/snapshot.jpg`, this.#base);
    try {
      const answer = await fetch(address, { cache: "no-store", signal: this.#ending.signal });
      if (answer.status === 404) this.#note({ isUnknown: true });
      if (!answer.ok) return;
      const image = await decodeJpeg(await answer.blob());
      if (this.#ending.signal.aborted || this.#shown) return;
      const arrivedMs = performance.now();
      this.#view.showStill(image);
      this.#onPicture({ arrivedMs, mediaTimeS: null, width: image.width, height: image.height });
      image.close?.();
    } catch {
      // No picture yet; the stream brings one, or its state says why there is none.
    }
  }

  #note(change) {
    if (this.#ending.signal.aborted) return;
    if ("isOnline" in change && change.isOnline !== this.facts.isOnline) this.facts.onlineChangedMs = performance.now();
    Object.assign(this.facts, change);
    this.#onChange();
  }
}
