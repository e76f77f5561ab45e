/**
 * JPEGs on a <canvas>. One picture decodes at a time; while it does, only the newest waits, so nothing ever piles up.
 */
import { decodeJpeg } from "./jpeg.js";

export class CanvasScreen {
  #canvas;
  #context;
  #onShown;
  #onSkipped;
  #isDecoding = false;
  #newest = null;
  #isClosed = false;

  constructor(canvas, { onShown, onSkipped = () => {} }) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#onShown = onShown;
    this.#onSkipped = onSkipped;
  }

  /** The element that shows the picture. */
  get element() {
    return this.#canvas;
  }

  /** Take a JPEG that arrived at `arrivedMs`; `mediaTimeS` is null where it is not known. */
  push(bytes, arrivedMs, mediaTimeS) {
    if (this.#newest) this.#onSkipped();
    this.#newest = { bytes, arrivedMs, mediaTimeS };
    if (!this.#isDecoding) this.#drawAll();
  }

  /** Idempotent. */
  close() {
    this.#isClosed = true;
    this.#newest = null;
  }

  async #drawAll() {
    this.#isDecoding = true;
    while (this.#newest && !this.#isClosed) {
      const picture = this.#newest;
      this.#newest = null;
      await this.#draw(picture);
    }
    this.#isDecoding = false;
  }

  async #draw({ bytes, ...picture }) {
    let image;
    try {
      image = await decodeJpeg(new Blob([bytes], { type: "image/jpeg" }));
    } catch {
      // The server lets whole JPEGs through only; one that this browser refuses is skipped like a late one.
      return this.#onSkipped();
    }
    if (this.#isClosed) return;
    drawInto(this.#canvas, this.#context, image);
    this.#onShown({ ...picture, width: this.#canvas.width, height: this.#canvas.height });
    image.close?.();
  }
}

/** Draw a whole picture into a canvas of its size; return whether there was one. */
export function drawInto(canvas, context, image) {
  const width = image.videoWidth ?? image.naturalWidth ?? image.width;
  const height = image.videoHeight ?? image.naturalHeight ?? image.height;
  const isEmpty = image.readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
  if (!width || !height || isEmpty) return false;
  // Setting a canvas's size clears it, so only when it changes.
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.drawImage(image, 0, 0);
  return true;
}
