/** The page of recordings. */
import { page, base } from "../live/page.js";
import { setText } from "../live/dom.js";
import { StatusFeed } from "../live/status-feed.js";
import { Known } from "../live/known.js";
import { Desk } from "./desk.js";
import { Empty } from "./empty.js";
import { Library } from "./library.js";

const library = new Library(base);
const known = new Known();
let cameras = null;
// What the library refused last: null while it answers, undefined before its first word.
let refusal;

const desk = new Desk(library, {
  viewing: page("viewing"),
  panel: page("panel"),
  timeline: page("timeline"),
  onTrouble(one) {
    refusal = one;
    show();
  },
});
const empty = new Empty(page("empty"), async (id, mode) => {
  await library.setMode(id, mode);
  // The library starts now; the timeline asks for it until it is there.
  desk.refresh();
});

new StatusFeed(new URL("status", base), {
  onStatus(status) {
    page("away").hidden = true;
    cameras = known.take(status.cameras ?? [], performance.now());
    desk.live = cameras;
    show();
  },
  onAway() {
    page("away").hidden = false;
  },
});

function show() {
  const kind = emptiness();
  empty.tell(kind, cameras ?? [], refusal?.message);
  page("workplace").hidden = kind !== "";
  setText(page("summary"), kind === "" ? summaryOf(cameras ?? []) : "");
  desk.draw();
}

function emptiness() {
  const hasTimeline = refusal === null || desk.hasTimeline;
  if (hasTimeline) return desk.hasCameras ? "" : cameras === null ? "loading" : "no-camera";
  if (refusal === undefined || cameras === null) return "loading";
  if (cameras.length === 0) return "no-camera";
  if (refusal.status === 404 && cameras.every((row) => (row.recording?.mode ?? "off") === "off")) return "unused";
  return "starting";
}

function summaryOf(rows) {
  const recording = rows.filter((row) => row.recording?.state === "recording").length;
  if (recording === 0) return "";
  return recording === 1 ? "1 camera is being recorded" : `${recording} cameras are being recorded`;
}
