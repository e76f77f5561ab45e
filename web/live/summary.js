/** All cameras in half a sentence. Pure. */
export function summary(cameras) {
  if (cameras.length === 0) return "";
  const live = cameras.filter((camera) => camera.online && !camera.stalled).length;
  const all = cameras.length === 1 ? "1 camera" : `${cameras.length} cameras`;
  return live === cameras.length ? `${all}, live` : `${all}, ${live} live`;
}
