/** Keys of the page: whoever types, or is asked something, keeps them. */
import { actionOf } from "./keys.js";

/** Call `act(action, argument)` for each pressed key that stands for one. */
export function listenToKeys(act) {
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (event.defaultPrevented || at.closest?.("input, select, textarea, dialog, summary")) return;
    // A button that has the focus is pressed by Space; everything else is the page's.
    if (event.key === " " && at.closest?.("button, a")) return;
    const found = actionOf(event);
    if (!found) return;
    event.preventDefault();
    act(...found);
  });
}
