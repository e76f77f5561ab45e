/** The live page: every camera of /status in a grid. */
import { setText } from "./dom.js";
import { Grid } from "./grid.js";
import { Known } from "./known.js";
import { StatusFeed } from "./status-feed.js";
import { summary } from "./summary.js";
import { cameraHost, cameraPort, welcome } from "./welcome.js";

const TITLE = document.title;
const base = new URL("./", location.href);
const page = (id) => document.getElementById(id);
const known = new Known();
const around = [page("top"), page("skip")];

const grid = new Grid(page("grid"), base, {
  onLarge(tile) {
    document.title = tile ? `${tile.label} · esp32-stream` : TITLE;
    document.documentElement.classList.toggle("has-large", tile !== null);
    for (const element of around) element.inert = tile !== null;
  },
});

new StatusFeed(new URL("status", base), {
  onStatus(status) {
    page("away").hidden = true;
    const cameras = known.take(status.cameras ?? [], performance.now());
    setText(page("summary"), summary(cameras));
    grid.update(cameras, status.viewers ?? []);
    showWelcome(cameras.length === 0, status);
  },
  onAway() {
    page("away").hidden = false;
    setText(page("summary"), "");
  },
});

function showWelcome(isEmpty, status) {
  const place = page("welcome");
  if (isEmpty && !place.firstChild) place.append(welcome(cameraHost(status, location), cameraPort(location)));
  place.hidden = !isEmpty;
}
