/** All cameras in half a sentence. Pure. */
export function summary(cameras) {
  const all = cameras.length;
  const live = cameras.filter((camera) => camera.online && !camera.stalled).length;
  if (all === 0) return "";
  if (all === 1) return live ? "1 camera, live" : "1 camera, not live";
  return live === all ? `${all} cameras live` : `${live} of ${all} live`;
}
