/** Figures as people read them. Pure. */

/** "40 ms", "3.2 s", "12 s", "5 min", "2 h": how old a picture is. */
export function ageText(seconds) {
  if (seconds < 0.9995) return `${Math.round(Math.max(0, seconds) * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** "850 kbit/s", "1.2 Mbit/s" */
export function bitrateText(bytesPerS) {
  const kbit = (bytesPerS * 8) / 1000;
  if (kbit < 999.5) return `${Math.round(kbit)} kbit/s`;
  const mbit = kbit / 1000;
  return `${mbit < 9.95 ? mbit.toFixed(1) : Math.round(mbit)} Mbit/s`;
}

/** "25 fps", "0.5 fps" */
export function rateText(fps) {
  return `${fps < 9.95 ? trimmed(fps.toFixed(fps < 0.95 ? 2 : 1)) : Math.round(fps)} fps`;
}

/** "640 × 480" */
export function sizeText(width, height) {
  return `${width} × ${height}`;
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
