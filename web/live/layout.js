/** How large the tiles are: as large as they may be so that all are in sight, if that is not too small. Pure. */

// Smaller ones show too little: then they fill the width, and the page scrolls.
const LEAST_WIDE_PX = 216;
const MOST_ON_A_PHONE = 4;
const PHONE_PX = 480;
const ASPECT = 4 / 3;

/**
 * Return {columns, tilePx} for `count` tiles in an area of `width` by `height`; `captionPx` is what stands below a
 * picture, `gapPx` between tiles. Widths are whole multiples of 4, so that a 4:3 picture has no half pixels.
 */
export function tileLayout(count, { width, height, captionPx, gapPx }) {
  let best = { columns: 1, tilePx: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const wide = (width - gapPx * (columns - 1)) / columns;
    const high = (height - gapPx * (rows - 1)) / rows - captionPx;
    const tilePx = whole(Math.min(wide, high * ASPECT));
    if (tilePx > best.tilePx) best = { columns, tilePx };
  }
  return best.tilePx >= LEAST_WIDE_PX ? best : scrolling(count, width, gapPx);
}

function scrolling(count, width, gapPx) {
  if (width < PHONE_PX) return spread(count > MOST_ON_A_PHONE ? 2 : 1, width, gapPx);
  return spread(Math.min(count, Math.floor((width + gapPx) / (LEAST_WIDE_PX + 24 + gapPx))), width, gapPx);
}

function spread(columns, width, gapPx) {
  return { columns, tilePx: whole((width - gapPx * (columns - 1)) / columns) };
}

function whole(px) {
  return Math.max(0, Math.floor(px / 4) * 4);
}
