/** Fingers and mice on the timeline: drag moves it, two fingers zoom it, a wheel zooms around the pointer. Pure. */
import { moved, msAt, zoomed } from "./axis.js";

// A finger that moved less has tapped.
const TAP_PX = 8;
const WHEEL_FACTOR = 1.0016;
const LINE_PX = 16;

export class Gesture {
  #points = new Map();
  #hasMoved = false;
  #startX = 0;

  /** A finger comes down. */
  down(id, x) {
    if (this.#points.size === 0) {
      this.#hasMoved = false;
      this.#startX = x;
    } else {
      this.#hasMoved = true;
    }
    this.#points.set(id, x);
  }

  /** A finger moves; return the view after it. */
  move(id, x, view, widthPx) {
    if (!this.#points.has(id)) return view;
    if (!this.#hasMoved && Math.abs(x - this.#startX) < TAP_PX) return view;
    this.#hasMoved = true;
    const before = [...this.#points.values()];
    this.#points.set(id, x);
    const after = [...this.#points.values()];
    return before.length === 1 ? dragged(view, widthPx, before[0], after[0]) : pinched(view, widthPx, before, after);
  }

  /** A finger leaves; return whether that was a tap. */
  up(id) {
    const isTap = this.#points.delete(id) && this.#points.size === 0 && !this.#hasMoved;
    return isTap;
  }

  /** Whether something is held. */
  get isHeld() {
    return this.#points.size > 0;
  }

  /** Whether what is held was moved. */
  get isDragging() {
    return this.isHeld && this.#hasMoved;
  }
}

/** Return the view after a wheel: up and down zoom around the pointer, sideways (or with Shift) moves. */
export function wheeled(view, widthPx, x, { deltaX, deltaY, deltaMode, shiftKey }) {
  const unit = deltaMode === 1 ? LINE_PX : deltaMode === 2 ? widthPx : 1;
  const [sideways, upDown] = shiftKey ? [deltaX || deltaY, 0] : [deltaX, deltaY];
  if (Math.abs(sideways) > Math.abs(upDown)) return moved(view, (sideways * unit * spanMs(view)) / widthPx);
  const factor = Math.min(4, Math.max(0.25, WHEEL_FACTOR ** (upDown * unit)));
  return zoomed(view, factor, msAt(view, widthPx, x));
}

function dragged(view, widthPx, fromX, toX) {
  return moved(view, ((fromX - toX) / widthPx) * spanMs(view));
}

/** What lay under each of the two fingers lies under it again. */
function pinched(view, widthPx, [oneX, otherX], [newOneX, newOtherX]) {
  const [before, after] = [Math.abs(oneX - otherX), Math.abs(newOneX - newOtherX)];
  if (before < 4 || after < 4) return view;
  const middleMs = msAt(view, widthPx, (oneX + otherX) / 2);
  return dragged(zoomed(view, before / after, middleMs), widthPx, (oneX + otherX) / 2, (newOneX + newOtherX) / 2);
}

function spanMs(view) {
  return view.toMs - view.fromMs;
}
