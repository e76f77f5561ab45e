/** The parts of the page together: what is looked at, what plays, what is marked; and every action by key or button. */
import { AddressBar } from "./address-bar.js";
import { dayView, drawnTo, followed, kept, showing } from "./axis.js";
import { showHelp } from "./dialogs.js";
import { Feed } from "./feed.js";
import { neighbour, rangeAt } from "./footage.js";
import { listenToKeys } from "./keyboard.js";
import { marked, nextRate, rateText } from "./marks.js";
import { clockText, dayOf, shiftDay } from "./moments.js";
import { layOut, makeParts } from "./parts.js";
import { eventText, gapText } from "./place.js";
import { stateLook } from "./reasons.js";

// Before an event is what led to it.
const LEAD_MS = 2000;
const CLOCK_EVERY_MS = 1000;
// While somebody zooms, the picture of the lanes is what counts.
const WORDS_AFTER_MS = 80;
// What is shown before anybody chose: the newest footage, standing.
const NEWEST_MS = 1500;

export class Desk {
  #feed;
  #view = dayView(dayOf(Date.now()));
  #cameraId = "";
  #marks = { inMs: null, outMs: null };
  #beforeMs = NaN;
  #address;
  #hasShown = false;
  #timer = null;

  constructor(library, { viewing, panel, timeline, onTrouble }) {
    this.#feed = new Feed(library, { change: () => this.draw(), trouble: onTrouble });
    Object.assign(this, makeParts(library, this.#feed, this.#wishes()));
    layOut(this, { viewing, panel, timeline });
    listenToKeys((...action) => {
      this.pointing.hide();
      this.act(...action);
    });
    this.#address = new AddressBar((place) => this.#go(place));
    setInterval(() => document.hidden || this.draw(), CLOCK_EVERY_MS);
    this.look(this.#view);
    this.exportsPanel.refresh();
  }

  /** What the parts tell or want. */
  #wishes() {
    return {
      act: (...action) => this.act(...action),
      time: (ms) => this.#tellTime(ms),
      state: () => this.#tellState(),
      end: (id, ms) => this.#ended(id, ms),
      view: (view) => this.look(view),
      play: (id, ms) => this.play(id, ms),
      playHere: (ms) => this.play(this.#cameraId, ms),
      select: (id) => this.select(id),
      mark: (fromMs, toMs) => this.#mark({ inMs: fromMs, outMs: toMs }),
      hover: (place) => this.pointing.hover(place, this.#view, this.#feed.nowMs),
    };
  }

  get hasCameras() {
    return this.#feed.cameras.length > 0;
  }

  /** Whether what is recorded was told at least once. */
  get hasTimeline() {
    return this.#feed.isKnown;
  }

  /** Take in the cameras of /status. */
  set live(rows) {
    this.#feed.live = rows;
  }

  refresh() {
    return this.#feed.refresh();
  }

  /** Show this part of time. */
  look(view) {
    this.#view = kept(view, this.#feed.nowMs);
    this.#feed.look(this.#view);
    this.draw();
  }

  /** Play a camera from a time on. */
  play(id, ms) {
    const camera = this.#feed.camera(id);
    if (!camera) return;
    this.#choose(id);
    this.stage.leaveLive();
    this.stage.say("");
    const span = rangeAt(camera.spans, ms);
    if (span && !span.isVideo) this.stage.say("This is still being encoded: it can be played in a moment");
    this.look(showing(this.#view, ms));
    this.playback.show(id, ms);
  }

  /** Choose a camera: it is shown at the time (or live) that is shown now. */
  select(id) {
    if (id === this.#cameraId) return;
    const { timeMs, isPlaying } = this.playback;
    this.#choose(id);
    if (this.stage.isLive) this.#goLive();
    else if (!Number.isNaN(timeMs)) this.playback.show(id, Math.min(timeMs, this.#newestMs ?? timeMs), isPlaying);
    this.draw();
  }

  /** Do what a key or button stands for. */
  act(action, argument) {
    const works = {
      toggle: () => this.#toggle(),
      skip: (seconds) => this.#jump(this.#atMs + seconds * 1000),
      step: (by) => this.playback.step(by),
      rate: (by) => this.act("setRate", nextRate(this.playback.rate, by)),
      setRate: (rate) => this.#setRate(rate),
      camera: (by) => this.#stepCamera(by),
      event: (by) => this.#jumpTo("events", by),
      gap: (by) => this.#jumpTo("gaps", by),
      zoom: (factor) => this.look(drawnTo(this.#view, factor, this.#anchorMs)),
      day: (by) => this.act("goDay", by === 0 ? dayOf(this.#anchorMs) : shiftDay(dayOf(this.#middleMs), by)),
      goDay: (day) => this.look(dayView(day ?? dayOf(this.#feed.nowMs))),
      mark: (which) => this.#mark(marked(this.#marks, which, this.#atMs)),
      live: () => this.#goLive(),
      full: () => this.stage.fill(),
      help: () => showHelp(),
    };
    works[action](argument);
  }

  /** Show how everything stands: the lanes at the next refresh of the screen, words and lists a moment later. */
  draw() {
    const { cameras, nowMs } = this.#feed;
    if (cameras.length === 0) return;
    if (!cameras.some(({ id }) => id === this.#cameraId)) this.#choose(firstChoice(cameras));
    this.#showFirst();
    this.lanes.update({ cameras, view: this.#view, selectedId: this.#cameraId, marks: this.#marks, nowMs });
    this.#timer ??= setTimeout(() => this.#drawWords(), WORDS_AFTER_MS);
  }

  #drawWords() {
    this.#timer = null;
    const { cameras, nowMs } = this.#feed;
    const camera = this.#feed.camera(this.#cameraId);
    if (!camera) return;
    this.toolbar.tell(this.#view, nowMs, cameras);
    this.cameraPanel.tell(camera, nowMs);
    this.rangePanel.tell(camera, this.#marks);
    this.happenings.tell(camera, this.#view, nowMs);
    this.#tellState();
    this.#tellPlace();
  }

  /** The time that actions are about: of the picture, or now. */
  get #atMs() {
    return Number.isNaN(this.#pictureMs) ? this.#feed.nowMs : this.#pictureMs;
  }

  get #middleMs() {
    return Math.min((this.#view.fromMs + this.#view.toMs) / 2, this.#feed.nowMs);
  }

  /** What stays where it is when a key zooms. */
  get #anchorMs() {
    const { fromMs, toMs } = this.#view;
    return this.#atMs >= fromMs && this.#atMs <= toMs ? this.#atMs : this.#middleMs;
  }

  /** Once, when the page is new: the newest picture of the camera. */
  #showFirst() {
    const ms = this.#newestMs;
    if (this.#hasShown || ms === null) return;
    this.#hasShown = true;
    this.playback.show(this.#cameraId, ms, false);
  }

  /** A time just before the end of the camera's footage; null where it has none. */
  get #newestMs() {
    const newest = this.#newestSpan;
    return newest ? Math.max(newest.fromMs, newest.toMs - NEWEST_MS) : null;
  }

  get #newestSpan() {
    return this.#feed.camera(this.#cameraId)?.spans.findLast((span) => span.isVideo);
  }

  #choose(id) {
    if (id === this.#cameraId) return;
    this.#cameraId = id;
    this.#writeAddress();
  }

  #toggle() {
    if (this.playback.isPlaying) return this.playback.pause();
    if (!Number.isNaN(this.playback.timeMs)) return this.playback.resume();
    const newest = this.#newestSpan;
    if (newest) this.play(this.#cameraId, Math.max(newest.fromMs, newest.toMs - 30_000));
  }

  #setRate(rate) {
    this.playback.rate = rate;
    this.stage.say(`Speed ${rateText(rate)}`);
  }

  #jump(ms) {
    this.stage.leaveLive();
    this.look(showing(this.#view, ms));
    const isPlaying = this.playback.isPlaying || Number.isNaN(this.playback.timeMs);
    this.playback.show(this.#cameraId, ms, isPlaying);
  }

  #stepCamera(by) {
    const { cameras } = this.#feed;
    const at = cameras.findIndex(({ id }) => id === this.#cameraId) + by;
    if (cameras[at]) this.select(cameras[at].id);
  }

  #jumpTo(kind, by) {
    const camera = this.#feed.camera(this.#cameraId);
    const leadMs = kind === "events" ? LEAD_MS : 0;
    const found = camera && neighbour(camera[kind], this.#atMs + leadMs, by);
    const word = kind === "events" ? "event" : "gap";
    if (!found) return this.stage.say(`No ${by > 0 ? "later" : "earlier"} ${word} is known here`);
    this.play(camera.id, Math.max(0, found.fromMs - (kind === "events" ? leadMs : LEAD_MS)));
    const gap = () => gapText(found, camera, found.fromMs, this.#feed.nowMs);
    this.stage.say(kind === "events" ? `Event: ${eventText(found)}` : gap());
  }

  #goLive() {
    const camera = this.#feed.camera(this.#cameraId);
    if (!camera) return;
    this.#hasShown = true;
    this.stage.say("");
    this.stage.goLive(camera);
    this.look(showing(this.#view, this.#feed.nowMs));
    this.#writeAddress();
  }

  #ended(id, ms) {
    const camera = this.#feed.camera(id);
    const isGrowing = camera && stateLook(camera) === "recording" && this.#feed.nowMs - ms < 60_000;
    if (!isGrowing) return this.stage.say(`No footage after ${clockText(ms)}`);
    this.playback.rate = 1;
    this.#goLive();
    this.stage.say("That was all that is recorded: this is live");
  }

  #mark(marks) {
    this.#marks = marks;
    this.draw();
  }

  #tellTime(ms) {
    this.#keepInView(ms);
    this.#beforeMs = ms;
    this.transport.tellTime(ms);
    this.#tellPlace();
    this.stage.refresh();
    if (Math.floor(ms / 1000) % 5 === 0) this.#writeAddress();
  }

  /** While it plays the view follows, as long as the playhead was in it. */
  #keepInView(ms) {
    const view = followed(this.#view, this.#beforeMs, ms);
    if (view !== this.#view) this.look(view);
  }

  #tellState() {
    const camera = this.#feed.camera(this.#cameraId);
    const { timeMs, isPlaying, rate } = this.playback;
    this.transport.tell({
      ms: timeMs,
      isPlaying,
      isLive: this.stage.isLive,
      rate,
      hasPicture: !Number.isNaN(timeMs),
      hasFootage: camera !== null && camera.spans.length > 0,
      hasEvents: camera !== null && camera.events.length > 0,
    });
    this.stage.refresh();
  }

  #tellPlace() {
    const camera = this.#feed.camera(this.#cameraId);
    if (!camera) return;
    const ms = this.#pictureMs;
    this.lanes.tell(ms, this.pointing.tell(camera, ms, this.#feed.nowMs));
  }

  /** Show what an address says. */
  #go({ camera, ms }) {
    if (camera) this.#cameraId = camera;
    if (!camera || Number.isNaN(ms)) return;
    this.#hasShown = true;
    this.stage.leaveLive();
    this.look(showing(this.#view, ms));
    this.playback.show(camera, ms);
  }

  /** The time of the recorded picture that is shown; NaN where none is. */
  get #pictureMs() {
    return this.stage.isLive ? NaN : this.playback.timeMs;
  }

  #writeAddress() {
    this.#address?.write(this.#cameraId, this.#pictureMs);
  }
}

/** The first camera that is being recorded, or that was, or the first. */
function firstChoice(cameras) {
  const now = cameras.find((camera) => camera.state === "recording");
  return (now ?? cameras.find((camera) => camera.spans.length > 0) ?? cameras[0]).id;
}

