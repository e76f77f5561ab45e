/**
 * The WebSocket of one viewer, kept up: it comes back by itself after the server, the network or a proxy was away.
 * In: texts and binary messages, told to `listener`. Out: `age`.
 */
import { Backoff, wait } from "./backoff.js";
import { answers, untilItAnswers } from "./reach.js";
import { Turns } from "./turns.js";

const OPEN_WITHIN_MS = 5000;
// The server restarts one process of several (RFC 6455's registry): another one is there already.
const SERVICE_RESTART = 1012;
const SPREAD_MS = 150;
// A dead Wi-Fi link looks like a camera that says nothing. Longer each time, for the camera may be just slow.
const SILENT_FIRST_MS = 10_000;
const SILENT_MOST_MS = 120_000;

// Chromium holds back each further WebSocket of a page by up to seconds while about ten of them are still connecting.
const turns = new Turns(6);

export class ViewerLink {
  #url;
  #base;
  #listener;
  #ending = new AbortController();
  #socket = null;
  #abandon = () => {};
  #refused = new Backoff();
  #silentMs = SILENT_FIRST_MS;
  #silence = 0;
  #hurry = new AbortController();

  /**
   * `listener`: {opened(), text(message), binary(bytes, arrivedMs), closed(), refused(isServerThere)}.
   * `base` is the server's address, `url` that of the WebSocket.
   */
  constructor(url, base, listener) {
    this.#url = url;
    this.#base = base;
    this.#listener = listener;
    this.#run();
  }

  /** Tell how old the shown picture is. */
  sendAge(mediaTimeS) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ type: "age", media_time_s: mediaTimeS }));
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
      else if (code !== SERVICE_RESTART) await wait(Math.random() * SPREAD_MS, this.#hurry.signal);
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
      const socket = new WebSocket(this.#url);
      let opened = false;
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
      return this.#listener.binary(new Uint8Array(data), performance.now());
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
