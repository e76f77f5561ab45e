/**
 * Whether a server answers at all. All players of a page share one question, so that twenty of them neither knock
 * twenty times nor run into the browser's brake on WebSockets that fail.
 */
import { wait } from "./backoff.js";

// While somebody looks at the page, so that it is back within a second of the server's return.
const ASK_EVERY_MS = 400;
const ANSWER_WITHIN_MS = 3000;

const asking = new Map();

/** Whether the server at `base` (a URL) answers now. */
export async function answers(base) {
  try {
    // Small, and answered without asking anybody else. Another site's server may be opaque to us: any answer counts.
    const mode = new URL(base).origin === location.origin ? "same-origin" : "no-cors";
    const asked = { method: "HEAD", cache: "no-store", mode, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) };
    const answer = await fetch(new URL("web/tokens.css", base), asked);
    // A proxy without its server says 502 to 504.
    return answer.type === "opaque" || answer.status < 500;
  } catch {
    return false;
  }
}

/** Resolve when the server at `base` answers. */
export function untilItAnswers(base) {
  const key = String(base);
  if (!asking.has(key)) asking.set(key, ask(base).finally(() => asking.delete(key)));
  return asking.get(key);
}

async function ask(base) {
  while (!(await answers(base))) {
    await wait(ASK_EVERY_MS * (0.75 + Math.random() / 2));
    await untilVisible();
  }
}

function untilVisible() {
  return new Promise((resolve) => {
    if (document.visibilityState === "visible") return resolve();
    document.addEventListener("visibilitychange", () => resolve(untilVisible()), { once: true });
  });
}
