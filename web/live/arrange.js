/** Lay the tiles of a grid out for the window as it is now. */
import { tileLayout } from "./layout.js";

// Two lines of text below each picture, as in live.css (.caption).
const CAPTION_REM = 3.25;

export function arrange(grid) {
  const style = getComputedStyle(grid);
  const px = (name) => parseFloat(style[name]) || 0;
  const top = grid.getBoundingClientRect().top + scrollY;
  const { columns, tilePx } = tileLayout(grid.children.length, {
    width: grid.clientWidth - px("paddingLeft") - px("paddingRight"),
    height: innerHeight - top - px("paddingBottom"),
    captionPx: CAPTION_REM * parseFloat(getComputedStyle(document.documentElement).fontSize),
    gapPx: px("rowGap"),
  });
  grid.dataset.columns = columns;
  grid.style.setProperty("--columns", columns);
  grid.style.setProperty("--tile-width", `${tilePx}px`);
}
