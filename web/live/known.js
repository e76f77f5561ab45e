/** The cameras that /status tells of, and those that it told of until just now, in the order of their labels. Pure. */

// A server that has just started hears of its cameras within a second or two: what it does not tell of is not gone yet.
const GONE_AFTER_MS = 4000;

// "cam 2" comes before "cam 10".
const { compare } = new Intl.Collator(undefined, { numeric: true });

export class Known {
  #cameras = new Map();

  /** Take in the rows of one answer; return those of all cameras that are to be shown. */
  take(rows, nowMs) {
    const before = this.#cameras;
    this.#cameras = new Map(rows.map((row) => [row.id, { row, missingSinceMs: null }]));
    for (const [id, { row, missingSinceMs }] of before) {
      const sinceMs = missingSinceMs ?? nowMs;
      const isGone = nowMs - sinceMs >= GONE_AFTER_MS;
      if (!isGone && !this.#cameras.has(id)) this.#cameras.set(id, { row, missingSinceMs: sinceMs });
    }
    const name = (row) => row.label || row.id;
    return [...this.#cameras.values()].map(({ row }) => row).sort((one, other) => compare(name(one), name(other)));
  }
}
