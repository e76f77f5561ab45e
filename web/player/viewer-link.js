/**
 * The WebSocket of one viewer, kept up: it comes back by itself after the server, the network or a proxy was away.
 * In: texts and binary messages, told to `listener`. Out: short texts.
 */
import { Backoff, wait } from "./backoff.js";
import { answers, untilItAnswers } from "./reach.js";
import { Turns } from "./turns.js";

const OPEN_WITHIN_MS = 5000;
// The server restarts a process (RFC 6455's registry): another one is there, or about to be. It told all its viewers in
// the same moment, so they come back one after the other.
const SERVICE_RESTART = 1012;
const RESTART_SPREAD_MS = 400;
const SPREAD_MS = 150;
// A dead Wi-Fi link looks like a camera that says nothing. Longer each time, for the camera may be just slow.
const SILENT_FIRST_MS = 10_000;
const SILENT_MOST_MS = 120_000;
// So many messages, none later than this after the one before: they flow, and when they stop, something is wrong.
const FLOWING_MESSAGES = 10;
const FLOWING_GAP_MS = 1000;

// Chromium holds back each further WebSocket of a page by up to seconds while about ten of them are still connecting.
const turns = new Turns(6);

export class ViewerLink {
  #address;
  #base;
  #listener;
  #ending = new AbortController();
  #socket = null;
  #abandon = () => {};
  #refused = new Backoff();
  #silentMs = SILENT_FIRST_MS;
  #silence = 0;
  #flowed = 0;
  #newestMs = 0;
  #hurry = new AbortController();

  /**
   * `listener`: {opened(), text(message), binary(bytes, arrivedMs), closed(), refused(isServerThere)}.
   * `base` is the server's address; `address()` returns that of the WebSocket, asked for each time it connects.
   */
  constructor(address, base, listener) {
    this.#address = address;
    this.#base = base;
    this.#listener = listener;
    this.#run();
  }

  /** Whether messages came one soon after the other on this connection, up to the newest. */
  get hasFlowed() {
    return this.#flowed >= FLOWING_MESSAGES;
  }

  /** Send a message; return false where that is not possible now. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Do not wait any longer for the next try. */
  hurry() {
    this.#refused.reset();
    this.#hurry.abort();
  }

  /** Connect anew, at once. */
  renew() {
    this.hurry();
    this.#abandon();
  }

  /** Idempotent. */
  close() {
    this.#ending.abort();
    this.#hurry.abort();
    this.#abandon();
  }

  async #run() {
    while (!this.#ending.signal.aborted) {
      const end = await turns.take();
      if (this.#ending.signal.aborted) return end();
      const { opened, code } = await this.#runOnce(end);
      if (this.#ending.signal.aborted) return;
      this.#listener.closed();
      this.#hurry = new AbortController();
      if (!opened) await this.#waitForServer();
      else await wait(Math.random() * (code === SERVICE_RESTART ? RESTART_SPREAD_MS : SPREAD_MS), this.#hurry.signal);
    }
  }

  async #waitForServer() {
    const isThere = await answers(this.#base);
    if (this.#ending.signal.aborted) return;
    this.#listener.refused(isThere);
    if (!isThere) {
      this.#refused.reset();
      await untilItAnswers(this.#base);
    }
    // There, but not for us: an unknown camera, an origin that is not allowed; or just not ready yet.
    await wait(this.#refused.next(), this.#hurry.signal);
  }

  /** One connection, from the handshake to its end; `connected` is called when the handshake is over. */
  #runOnce(connected) {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#address());
      let opened = false;
      this.#flowed = 0;
      const end = ({ code }) => {
        connected();
        clearTimeout(late);
        clearTimeout(this.#silence);
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        resolve({ opened, code });
      };
      // A dead link would not even bring the answer to a Close frame, so nobody waits for it.
      this.#abandon = () => end({ code: 0 });
      const late = setTimeout(this.#abandon, OPEN_WITHIN_MS);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => {
        opened = true;
        connected();
        clearTimeout(late);
        this.#refused.reset();
        this.#listener.opened();
        this.#watchSilence();
      };
      socket.onmessage = ({ data }) => this.#take(data);
      socket.onclose = end;
      this.#socket = socket;
    });
  }

  #take(data) {
    if (typeof data !== "string") {
      this.#silentMs = SILENT_FIRST_MS;
      this.#watchSilence();
      const arrivedMs = performance.now();
      this.#flowed = arrivedMs - this.#newestMs < FLOWING_GAP_MS ? this.#flowed + 1 : 0;
      this.#newestMs = arrivedMs;
      return this.#listener.binary(new Uint8Array(data), arrivedMs);
    }
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    this.#listener.text(message);
  }

  #watchSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#silentMs = Math.min(SILENT_MOST_MS, this.#silentMs * 2);
      this.#abandon();
    }, this.#silentMs);
  }
}
