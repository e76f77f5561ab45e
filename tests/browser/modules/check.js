/** Comparison with a sentence: all that the tests of modules need. */
export function equal(seen, expected, what = "") {
  const [one, other] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what} expected ${other}, got ${one}`);
}

export function ok(value, what) {
  if (!value) throw new Error(what);
}

export function throws(work, what) {
  try {
    work();
  } catch {
    return;
  }
  throw new Error(`${what}: nothing was thrown`);
}
