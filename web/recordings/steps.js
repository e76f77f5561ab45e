/** One picture on or back, by the times of a window's pictures. Pure. */

// A browser rounds a position to a microsecond; a picture must not be taken for the one before it.
const ROUNDING_MS = 0.5;
const LONGEST_INTO_MS = 5;

/** Return the index of the picture that is shown at a time, of the ordered times of all; -1 before the first. */
export function shownAt(times, ms) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= ms + ROUNDING_MS) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Return the time to seek to for the picture `by` steps further, or null when it is not among them. */
export function stepped(times, ms, by) {
  const index = shownAt(times, ms) + by;
  if (index < 0 || index >= times.length) return null;
  return insideOf(times, index);
}

/** Return a time at which this picture is shown, and no other: a little after it begins. */
export function insideOf(times, index) {
  const endMs = times[index + 1] ?? times[index] + 2 * LONGEST_INTO_MS;
  return times[index] + Math.min(LONGEST_INTO_MS, (endMs - times[index]) / 2);
}
