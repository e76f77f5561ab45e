/** A few at a time: whoever wants to do something waits for a turn, in the order of asking. Pure. */
export class Turns {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  /** Resolve when it is the caller's turn, with the function that ends it; ending it twice does nothing more. */
  async take() {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise((resolve) => this.#waiting.push(resolve));
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }
}
