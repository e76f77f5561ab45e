/** The server's recordings, over HTTP: what there is, pictures, changes. Refusals come as sentences. */
import { parseTime, wireTime } from "./moments.js";
import { filesOf } from "./playlist.js";

const ANSWER_WITHIN_MS = 15_000;
// No file is longer: the recorder begins a new one after an hour at the latest.
const LONGEST_FILE_MS = 3_600_000;

/** What the server refused, in its words; `status` is 0 where it did not answer. */
export class Refusal extends Error {
  constructor(status, sentence, nearest = null) {
    super(sentence[0]?.toUpperCase() + sentence.slice(1));
    this.status = status;
    this.nearest = nearest;
  }
}

export class Library {
  #base;

  constructor(base) {
    this.#base = base;
  }

  /** Return the answer about a range of time; of one camera, if `camera` says which. */
  recordings({ fromMs, toMs, camera }) {
    return this.#ask("GET", this.#address("api/recordings", { camera, from: wireTime(fromMs), to: wireTime(toMs) }));
  }

  /** Return the address of a range as one video. */
  video(camera, fromMs, toMs) {
    return this.#of(camera, "/play.mp4", { from: wireTime(fromMs), to: wireTime(toMs) });
  }

  /** Return a small picture (a Blob) near a time. */
  async preview(camera, ms, heightPx) {
    const address = this.#of(camera, "/frame.jpg", { at: wireTime(ms), exact: 0, height: heightPx });
    const answer = await reached(address, {});
    if (!answer.ok) throw await refusalOf(answer);
    return answer.blob();
  }

  /** Return the times of all pictures in a range, ordered. */
  async pictureTimes(camera, fromMs, toMs) {
    const range = { from: wireTime(fromMs), to: wireTime(toMs) };
    const told = await this.#ask("GET", this.#of(camera, "/frames", range));
    const startMs = parseTime(told.start);
    return told.times_ms.map((ms) => startMs + ms);
  }

  /** Protect a range, or end that. */
  protect(camera, fromMs, toMs, isProtected) {
    const range = { from: wireTime(fromMs), to: wireTime(toMs), protected: isProtected, name: "" };
    return this.#ask("POST", this.#of(camera, "/protect"), range);
  }

  /** Return the files that have a part in a range, with their whole lengths: {name, fromMs, toMs}. */
  async files(camera, fromMs, toMs) {
    const range = { from: wireTime(fromMs), to: wireTime(toMs + LONGEST_FILE_MS) };
    const answer = await reached(this.#of(camera, "/index.m3u8", range), {});
    if (!answer.ok) throw await refusalOf(answer);
    return filesOf(await answer.text()).filter((file) => file.fromMs < toMs && file.toMs > fromMs);
  }

  /** Delete a range: every file that has a part in it. */
  remove(camera, fromMs, toMs) {
    return this.#ask("DELETE", this.#of(camera, "", { from: wireTime(fromMs), to: wireTime(toMs) }));
  }

  /** Return the time of a video's first picture, or `otherwiseMs` where the server does not say. */
  async startOfVideo(address, otherwiseMs) {
    const answer = await reached(address, { method: "HEAD" }).catch(() => null);
    const startMs = parseTime(answer?.headers.get("X-Start"));
    return Number.isNaN(startMs) ? otherwiseMs : startMs;
  }

  /** Return why a video is refused, as a sentence. */
  async refusalOfVideo(address) {
    try {
      const answer = await reached(address, { headers: { Range: "bytes=0-0" } });
      return answer.ok ? "The browser cannot play this recording" : (await refusalOf(answer)).message;
    } catch (refusal) {
      return refusal.message;
    }
  }

  /** Set how a camera is recorded. */
  setMode(camera, mode) {
    return this.#ask("POST", this.#address(`api/cameras/${encodeURIComponent(camera)}/recording`), { mode });
  }

  /** Say that something happens in front of a camera, for `durationS`. */
  triggerEvent(camera, name, durationS) {
    const address = this.#address(`api/cameras/${encodeURIComponent(camera)}/events`);
    return this.#ask("POST", address, { name, duration_s: durationS });
  }

  /** Return all exports. */
  async exports() {
    const told = await this.#ask("GET", this.#address("api/exports"));
    return told.exports ?? [];
  }

  /** Begin to make a file of a range; `how` is {kind: "clip"} or {kind: "timelapse", speed}. */
  export(camera, fromMs, toMs, how) {
    const range = { from: wireTime(fromMs), to: wireTime(toMs) };
    return this.#ask("POST", this.#address("api/exports"), { camera, ...range, ...how });
  }

  removeExport(id) {
    return this.#ask("DELETE", this.#address(`api/exports/${encodeURIComponent(id)}`));
  }

  #of(camera, path, query = {}) {
    return this.#address(`api/recordings/${encodeURIComponent(camera)}${path}`, query);
  }

  #address(path, query = {}) {
    const address = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, value);
    return address;
  }

  async #ask(method, address, body) {
    const json = { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const answer = await reached(address, body === undefined ? { method } : { method, ...json });
    if (!answer.ok) throw await refusalOf(answer);
    return answer.status === 204 ? {} : answer.json();
  }
}

async function reached(address, how) {
  try {
    return await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS), ...how });
  } catch {
    throw new Refusal(0, "The server does not answer");
  }
}

async function refusalOf(answer) {
  const text = await answer.text().catch(() => "");
  try {
    const { error, nearest } = JSON.parse(text);
    return new Refusal(answer.status, String(error), nearest ?? null);
  } catch {
    return new Refusal(answer.status, text.slice(0, 300).trim() || `The server answered ${answer.status}`);
  }
}
