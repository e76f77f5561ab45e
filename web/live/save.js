/** Save the picture of a camera as a file on the viewer's machine. */

/** The camera's own JPEG where it can be had; what the player shows otherwise. Return false when there is neither. */
export async function savePicture(player, base) {
  const picture = player.state === "live" ? await fetchSnapshot(player.camera, base) : null;
  const blob = picture ?? (await player.toBlob("image/png"));
  if (!blob) return false;
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName(player.camera, new Date(), blob.type === "image/jpeg" ? "jpg" : "png");
  link.click();
  // The browser reads it after the click; long after that it is not needed any more.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  return true;
}

/** "porch-2026-11-22-15-27-03.jpg", in the viewer's own time. */
export function fileName(camera, date, suffix) {
  const parts = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${[camera, date.getFullYear(), ...parts.map((part) => String(part).padStart(2, "0"))].join("-")}.${suffix}`;
}

async function fetchSnapshot(camera, base) {
  try {
    const address = new URL(`cameras/${encodeURIComponent(camera)}/snapshot.jpg`, base);
    const answer = await fetch(address, { cache: "no-store" });
    return answer.ok ? await answer.blob() : null;
  } catch {
    return null;
  }
}
