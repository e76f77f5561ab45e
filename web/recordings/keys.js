/** The page's keys: what each does, and how the help says it. Pure. */

/** [keys, action, argument, words]; keys as KeyboardEvent.key has them, with "Shift+" where it matters. */
export const KEYS = [
  [[" ", "k"], "toggle", null, "Play or pause"],
  [["ArrowLeft"], "skip", -5, "5 s back"],
  [["ArrowRight"], "skip", 5, "5 s on"],
  [["Shift+ArrowLeft"], "skip", -60, "1 min back"],
  [["Shift+ArrowRight"], "skip", 60, "1 min on"],
  [[","], "step", -1, "One picture back"],
  [["."], "step", 1, "One picture on"],
  [["["], "rate", -1, "Slower"],
  [["]"], "rate", 1, "Faster"],
  [["ArrowUp"], "camera", -1, "Camera above"],
  [["ArrowDown"], "camera", 1, "Camera below"],
  [["p"], "event", -1, "Previous event"],
  [["n"], "event", 1, "Next event"],
  [["Shift+G"], "gap", -1, "Previous gap"],
  [["g"], "gap", 1, "Next gap"],
  [["+", "="], "zoom", 0.5, "Zoom in"],
  [["-"], "zoom", 2, "Zoom out"],
  [["0"], "day", 0, "Whole day"],
  [["PageUp"], "day", -1, "Day before"],
  [["PageDown"], "day", 1, "Day after"],
  [["i"], "mark", "in", "Mark the start"],
  [["o"], "mark", "out", "Mark the end"],
  [["x"], "mark", null, "Remove the marks"],
  [["End", "l"], "live", null, "Go to live"],
  [["?"], "help", null, "This help"],
];

const NAMES = {
  " ": "Space",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  PageUp: "Page ↑",
  PageDown: "Page ↓",
};

/** Return [action, argument] for a pressed key, or null. */
export function actionOf({ key, shiftKey, altKey, ctrlKey, metaKey }) {
  if (altKey || ctrlKey || metaKey) return null;
  const isLetter = key.length === 1;
  // A sign such as "?" is typed with Shift on some keyboards and without on others.
  const name = shiftKey && (!isLetter || /[A-Z]/i.test(key)) ? `Shift+${isLetter ? key.toUpperCase() : key}` : key;
  const row = KEYS.find(([keys]) => keys.includes(name) || (!shiftKey && isLetter && keys.includes(key.toLowerCase())));
  return row ? [row[1], row[2]] : null;
}

/** Return [key as it is printed on it, ..., words] for the help. */
export function helpRows() {
  return KEYS.map(([keys, , , words]) => [keys.map(printed), words]);
}

function printed(key) {
  const [base, shift] = key.startsWith("Shift+") ? [key.slice(6), "Shift "] : [key, ""];
  return shift + (NAMES[base] ?? (/^[a-z]$/.test(base) ? base.toUpperCase() : base));
}
