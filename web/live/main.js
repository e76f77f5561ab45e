/** The live page: every camera of /status in a grid. */
import { Grid } from "./grid.js";
import { base, followStatus, nameAfter, page } from "./page.js";

const around = [page("top"), page("skip")];

const grid = new Grid(page("grid"), base, {
  onLarge(tile) {
    nameAfter(tile);
    document.documentElement.classList.toggle("has-large", tile !== null);
    for (const element of around) element.inert = tile !== null;
  },
});

followStatus((cameras, viewers) => grid.update(cameras, viewers));
