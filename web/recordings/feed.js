/** What is recorded in the part of time that is looked at: loaded when it comes into view, kept up while it shows now. */
import { readCamera, unrecorded } from "./footage.js";
import { dayOf, dayRange, parseTime } from "./moments.js";
import { grown } from "./tail.js";

const EVERY_MS = 3000;
const STARTING_EVERY_MS = 1000;
// The newest part is asked for so far back: what was told then may have changed.
const TAIL_MS = 90_000;
// Deletions further back, by whomever, are seen then.
const WHOLE_EVERY = 20;
// Of a range with very many spans the server tells less; a part of it is asked for anew.
const CLOSER = 4;

// "cam 2" comes before "cam 10".
const { compare } = new Intl.Collator(undefined, { numeric: true });

export class Feed {
  #library;
  #on;
  #cameras = new Map();
  #live = [];
  #all = null;
  #range = null;
  #isMerged = false;
  #view = null;
  #asked = 0;
  #timer = 0;
  #turn = 0;
  #clockMs = 0;

  /** `on`: {change(), trouble(refusal or null)}. */
  constructor(library, on) {
    this.#library = library;
    this.#on = on;
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  /** The server's time. */
  get nowMs() {
    return Date.now() + this.#clockMs;
  }

  /** All cameras that are known: recorded ones, and those of /status that never were, by label. */
  get cameras() {
    return (this.#all ??= this.#inOrder());
  }

  camera(id) {
    return this.#cameras.get(id) ?? this.cameras.find((camera) => camera.id === id) ?? null;
  }

  /** Take in the cameras of /status. */
  set live(rows) {
    this.#live = rows;
    this.#changed();
  }

  /** Whether the server told of its recordings at least once. */
  get isKnown() {
    return this.#range !== null;
  }

  /** Whether what there is in a range is known. */
  has(fromMs, toMs) {
    return this.#range !== null && this.#range.fromMs <= fromMs && this.#range.toMs >= toMs;
  }

  /** Show this part of time. */
  look(view) {
    this.#view = view;
    if (!this.#isEnough(view)) this.refresh();
  }

  /** Ask for everything in view again; resolves when it is there. */
  async refresh() {
    this.#turn = 0;
    await this.#load(true);
  }

  /** Return a camera's spans from a time on, asked for where they are not known. */
  async spans(id, ms) {
    const aheadMs = ms + 60_000;
    if (this.has(ms, Math.min(aheadMs, this.nowMs - TAIL_MS))) return this.#cameras.get(id)?.spans ?? [];
    const told = await this.#library.recordings({ camera: id, fromMs: ms - 60_000, toMs: ms + 7_200_000 });
    const row = told.cameras.find(({ camera }) => camera === id);
    return row ? readCamera(row, this.#readNow(told)).spans : [];
  }

  #inOrder() {
    const all = new Map(this.#live.map((row) => [row.id, unrecorded(row)]));
    for (const [id, camera] of this.#cameras) all.set(id, camera);
    return [...all.values()].sort((one, other) => compare(one.label, other.label));
  }

  #changed() {
    this.#all = null;
    this.#on.change();
  }

  #isEnough(view) {
    if (!this.has(view.fromMs, view.toMs)) return false;
    return !this.#isMerged || (this.#range.toMs - this.#range.fromMs) / (view.toMs - view.fromMs) < 2 * CLOSER;
  }

  /** Whole days, so that zooming in and out of one asks for nothing; a part of one when that holds too much. */
  #wantedRange() {
    const { fromMs, toMs } = this.#view;
    const padMs = toMs - fromMs;
    if (this.#isMerged && padMs < 86_400_000) return { fromMs: fromMs - padMs, toMs: toMs + padMs };
    return { fromMs: dayRange(dayOf(fromMs - padMs / 4))[0], toMs: dayRange(dayOf(toMs + padMs / 4))[1] };
  }

  async #load(isWhole) {
    clearTimeout(this.#timer);
    if (!this.#view) return;
    const asked = (this.#asked += 1);
    const range = isWhole ? this.#wantedRange() : { fromMs: this.#tailFromMs, toMs: this.#range.toMs };
    let waitMs = EVERY_MS;
    try {
      const told = await this.#library.recordings(range);
      // A later question has what this one tells, and more.
      if (asked !== this.#asked) return;
      this.#take(told, range, isWhole);
      this.#on.trouble(null);
    } catch (refusal) {
      if (asked !== this.#asked) return;
      this.#on.trouble(refusal);
      waitMs = refusal.status === 503 ? STARTING_EVERY_MS : EVERY_MS;
      // What stood there is from before; the next answer is of everything.
      this.#turn = -1;
    }
    this.#timer = setTimeout(() => this.#poll(), waitMs);
  }

  #poll() {
    if (document.hidden) return;
    this.#turn = (this.#turn + 1) % WHOLE_EVERY;
    const isWhole = this.#turn === 0 || this.#range === null;
    if (isWhole || this.#showsNow) this.#load(isWhole);
    else this.#timer = setTimeout(() => this.#poll(), EVERY_MS);
  }

  get #showsNow() {
    return this.#view.toMs > this.nowMs - EVERY_MS * 4;
  }

  get #tailFromMs() {
    return Math.max(this.#range.fromMs, this.nowMs - TAIL_MS);
  }

  #take(told, range, isWhole) {
    const nowMs = this.#readNow(told);
    const fresh = new Map(told.cameras.map((row) => [row.camera, readCamera(row, Math.min(nowMs, range.toMs))]));
    if (isWhole) {
      this.#range = range;
      this.#isMerged = told.cameras.some((row) => row.merged);
      this.#cameras = fresh;
    } else {
      for (const [id, camera] of fresh) {
        const known = this.#cameras.get(id);
        this.#cameras.set(id, known ? grown(known, camera, range.fromMs) : camera);
      }
    }
    this.#changed();
  }

  #readNow(told) {
    const nowMs = parseTime(told.now);
    if (Number.isNaN(nowMs)) return this.nowMs;
    // The clocks of two machines differ; by less than half a second it is the way of the answer.
    if (Math.abs(nowMs - this.nowMs) > 500) this.#clockMs = nowMs - Date.now();
    return nowMs;
  }
}
