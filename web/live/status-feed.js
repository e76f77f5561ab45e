/** `/status`, asked for about once a second; seldom while nobody looks, and at once when somebody looks again. */

const EVERY_MS = 1000;
const HIDDEN_EVERY_MS = 20_000;
const ANSWER_WITHIN_MS = 4000;
// One missed answer is a hiccup.
const AWAY_AFTER = 2;

export class StatusFeed {
  #url;
  #onStatus;
  #onAway;
  #timer = 0;
  #missed = 0;
  #isAsking = false;

  constructor(url, { onStatus, onAway }) {
    this.#url = url;
    this.#onStatus = onStatus;
    this.#onAway = onAway;
    document.addEventListener("visibilitychange", () => this.#isHidden() || this.#ask());
    addEventListener("online", () => this.#ask());
    this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    if (this.#isAsking) return;
    this.#isAsking = true;
    let status = null;
    try {
      const answer = await fetch(this.#url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      if (answer.ok) status = await answer.json();
    } catch {
      // Counted below, like an answer that is none.
    }
    this.#isAsking = false;
    this.#timer = setTimeout(() => this.#ask(), this.#isHidden() ? HIDDEN_EVERY_MS : EVERY_MS);
    if (status) {
      this.#missed = 0;
      this.#onStatus(status);
    } else if (++this.#missed === AWAY_AFTER) {
      this.#onAway();
    }
  }

  #isHidden() {
    return document.visibilityState === "hidden";
  }
}
