/**
 * Bytes into a <video>: a MediaSource (ManagedMediaSource where only that exists) and what waits to be appended.
 * It ends once, by `close` or by telling `onBroken`; after that a new one is made.
 */

// What waits while the browser takes in what it has. Full: fragments go, up to the next keyframe.
const MOST_WAITING_BYTES = 8 * 2 ** 20;
// What was played is cut off in pieces of this length: each cut holds up appending for a moment.
const TRIM_EVERY_S = 5;

const MediaSourceClass = globalThis.MediaSource ?? globalThis.ManagedMediaSource;

export function mimeOf(codec) {
  return `video/mp4; codecs="${codec}"`;
}

export function canPlay(mime) {
  return Boolean(MediaSourceClass?.isTypeSupported(mime));
}

export class SourceFeed {
  #beforeAppend;
  #onBroken;
  #ending = new AbortController();
  #source = new MediaSourceClass();
  #buffer = null;
  #mime;
  #waiting = [];
  #waitingBytes = 0;
  #trimmedS = 0;
  #uselessS = 0;

  /** `beforeAppend(entry)` is called for each entry just before its bytes go to the browser. */
  constructor(video, mime, { beforeAppend, onBroken }) {
    this.#mime = mime;
    this.#beforeAppend = beforeAppend;
    this.#onBroken = onBroken;
    const signal = this.#ending.signal;
    const address = URL.createObjectURL(this.#source);
    const opened = () => {
      URL.revokeObjectURL(address);
      this.#guarded(() => this.#addBuffer());
    };
    this.#source.addEventListener("sourceopen", opened, { once: true, signal });
    this.#source.addEventListener("sourceclose", () => this.#break("the browser closed the media source"), { signal });
    video.src = address;
  }

  /** Whether more waits than may; the next keyframe clears it. */
  get isFull() {
    return this.#waitingBytes > MOST_WAITING_BYTES;
  }

  /** The oldest fragment's entry that waits, or undefined. */
  get oldestWaiting() {
    return this.#waiting.find((entry) => entry.fragment);
  }

  /** Go on with another kind of stream. */
  change(mime) {
    if (mime === this.#mime) return;
    this.#mime = mime;
    this.#guarded(() => this.#buffer?.changeType(mime));
  }

  /** Append `entry.bytes` as soon as the browser takes it. */
  push(entry) {
    if (this.#ending.signal.aborted) return;
    this.#waiting.push(entry);
    this.#waitingBytes += entry.bytes.length;
    this.#guarded(() => this.#append());
  }

  /** Forget the fragments that wait; what `isKept` stays. */
  drop(isKept) {
    this.#waiting = this.#waiting.filter(isKept);
    this.#waitingBytes = this.#waiting.reduce((sum, entry) => sum + entry.bytes.length, 0);
  }

  /** Let go of all before this time. It must be where a keyframe begins, or the browser removes what follows, too. */
  trim(beforeS) {
    this.#uselessS = beforeS;
  }

  /** Idempotent. */
  close() {
    this.#ending.abort();
  }

  #addBuffer() {
    const signal = this.#ending.signal;
    this.#buffer = this.#source.addSourceBuffer(this.#mime);
    this.#buffer.addEventListener("updateend", () => this.#guarded(() => this.#append()), { signal });
    this.#buffer.addEventListener("error", () => this.#break("the browser refused a fragment"), { signal });
    this.#append();
  }

  #append() {
    if (!this.#buffer || this.#buffer.updating) return;
    if (!this.#waiting.length) return this.#cut();
    const entries = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    entries.forEach(this.#beforeAppend);
    this.#buffer.appendBuffer(joined(entries.map((entry) => entry.bytes)));
  }

  #cut() {
    if (this.#uselessS - this.#trimmedS < TRIM_EVERY_S) return;
    this.#trimmedS = this.#uselessS;
    this.#buffer.remove(0, this.#uselessS);
  }

  #guarded(work) {
    try {
      if (!this.#ending.signal.aborted) work();
    } catch (error) {
      // QuotaExceededError among them: no more than a group of pictures is kept, so there is nothing left to give up.
      this.#break(`${error.name}: ${error.message}`);
    }
  }

  #break(reason) {
    if (this.#ending.signal.aborted) return;
    this.close();
    this.#onBroken(reason);
  }
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
