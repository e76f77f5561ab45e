/** A text with a button that copies it. */
import { el } from "./dom.js";

const DONE_MS = 2000;

/** Return <pre> and button; `what` completes the button's name for screen readers: "Copy the address". */
export function copyable(text, what) {
  const code = el("code", {}, text);
  const said = el("span", { role: "status" }, "Copy");
  const button = el("button", { type: "button", "aria-label": `Copy ${what}`, onclick: () => copy() }, said);
  let timer = 0;
  async function copy() {
    const isCopied = await copyText(text, code);
    said.textContent = isCopied ? "Copied" : "Press Ctrl+C";
    clearTimeout(timer);
    timer = setTimeout(() => (said.textContent = "Copy"), DONE_MS);
  }
  // Focusable, so that the keyboard can scroll it sideways.
  return el("div", { class: "copy" }, el("pre", { tabindex: 0 }, code), button);
}

async function copyText(text, shown) {
  try {
    // Exists on https and localhost only; a server in the living room has plain http.
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }
}
