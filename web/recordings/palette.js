/** The tokens' colours for the canvas, read again when light and dark change. */

export class Palette {
  #colours = new Map();

  /** `onChange` is called when the colours are others. */
  constructor(onChange) {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#colours.clear();
      onChange();
    });
  }

  /** Return the colour of a token. */
  get(name) {
    if (!this.#colours.has(name)) this.#colours.set(name, read(name));
    return this.#colours.get(name);
  }

  get font() {
    return read("font-text");
  }
}

function read(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
