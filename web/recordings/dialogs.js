/** What the page asks before it deletes, and its help. */
import { el } from "../live/dom.js";
import { helpRows } from "./keys.js";

const POINTER =
  "On the timeline: wheel or two fingers zoom, dragging moves, a click plays from there, Shift and dragging marks.";

/** Ask a question; resolves to whether the answer was yes. `lines` say exactly what is going to happen. */
export function confirmed(title, lines, yes) {
  return new Promise((resolve) => {
    const close = (value) => () => dialog.close(value);
    const dialog = el(
      "dialog",
      { "aria-labelledby": "question" },
      el("h2", { id: "question" }, title),
      ...lines.map((line) => el("p", {}, line)),
      el(
        "div",
        { class: "answers" },
        el("button", { type: "button", autofocus: true, onclick: close("") }, "Cancel"),
        el("button", { type: "button", class: "danger", onclick: close("yes") }, yes),
      ),
    );
    open(dialog, () => resolve(dialog.returnValue === "yes"));
  });
}

/** Show which keys there are. */
export function showHelp() {
  if (document.querySelector("dialog[open]")) return;
  const caps = (keys) => el("dt", {}, ...keys.map((key) => el("kbd", {}, key)));
  const rows = helpRows().map(([keys, words]) => el("div", {}, caps(keys), el("dd", {}, words)));
  const close = el("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Close");
  const dialog = el(
    "dialog",
    { class: "help", "aria-labelledby": "help-title" },
    el("h2", { id: "help-title" }, "Keys"),
    el("dl", {}, ...rows),
    el("p", { class: "soft" }, POINTER),
    el("div", { class: "answers" }, close),
  );
  open(dialog, () => {});
}

function open(dialog, onClose) {
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose();
  });
  // A click beside it is a click on the dialog itself: its contents have their own boxes.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
  document.body.append(dialog);
  dialog.showModal();
}
