/** What both pages have around their cameras: whether the server answers, how many are live, what to do without any. */
import { setText } from "./dom.js";
import { Known } from "./known.js";
import { StatusFeed } from "./status-feed.js";
import { summary } from "./summary.js";
import { cameraHost, cameraPort, welcome } from "./welcome.js";

const TITLE = document.title;

/** The server's address. */
export const base = new URL("./", location.href);

/** The element of the page that has this id. */
export function page(id) {
  return document.getElementById(id);
}

/** Call `onCameras(rows of all cameras, rows of all viewers)` with every answer of /status. */
export function followStatus(onCameras) {
  const known = new Known();
  new StatusFeed(new URL("status", base), {
    onStatus(status) {
      page("away").hidden = true;
      const cameras = known.take(status.cameras ?? [], performance.now());
      setText(page("summary"), summary(cameras));
      showWelcome(cameras.length === 0, status);
      onCameras(cameras, status.viewers ?? []);
    },
    onAway() {
      page("away").hidden = false;
      setText(page("summary"), "");
    },
  });
}

/** Call the page after the camera that it shows, if any. */
export function nameAfter(tile) {
  document.title = tile ? `${tile.label} · esp32-stream` : TITLE;
}

function showWelcome(isEmpty, status) {
  const place = page("welcome");
  if (isEmpty && !place.firstChild) place.append(welcome(cameraHost(status, location), cameraPort(location)));
  place.hidden = !isEmpty;
}
