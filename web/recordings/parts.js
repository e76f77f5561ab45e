/** The visible parts of the page: what each is given, and where each stands. */
import { CameraPanel } from "./camera-panel.js";
import { ExportsPanel } from "./exports-panel.js";
import { Happenings } from "./happenings.js";
import { Lanes } from "./lanes.js";
import { skipText } from "./place.js";
import { Playback } from "./playback.js";
import { Pointing } from "./pointing.js";
import { RangePanel } from "./range-panel.js";
import { rangeWork } from "./range-work.js";
import { Stage } from "./stage.js";
import { Toolbar } from "./toolbar.js";
import { Transport } from "./transport.js";

/** Return them by name; `wishes` is what they tell the desk, or want of it. */
export function makeParts(library, feed, { act, time, state, end, view, play, playHere, select, mark, hover }) {
  const playback = new Playback(library, feed, {
    time,
    state,
    end,
    skip: (id, range) => stage.say(skipText(feed.camera(id)?.gaps ?? [], range)),
    fail: (sentence) => stage.say(sentence, true),
  });
  const stage = new Stage(playback, { onclick: () => stage.isLive || act("toggle") });
  const exportsPanel = new ExportsPanel(library, (id) => feed.camera(id)?.label ?? id);
  const works = rangeWork(library, { feed, refreshExports: () => exportsPanel.refresh() });
  return {
    playback,
    stage,
    exportsPanel,
    transport: new Transport(act),
    toolbar: new Toolbar(act),
    pointing: new Pointing(library),
    lanes: new Lanes({ view, play, select, mark, hover }),
    cameraPanel: new CameraPanel(cameraWork(library, feed, stage)),
    rangePanel: new RangePanel({ ...works, clear: () => act("mark", null) }),
    happenings: new Happenings(playHere),
  };
}

/** Put the parts into the page's places. */
export function layOut(parts, { viewing, panel, timeline }) {
  const { stage, transport, cameraPanel, rangePanel, exportsPanel, happenings, toolbar, lanes, pointing } = parts;
  viewing.append(stage.element, transport.element);
  panel.append(cameraPanel.element, rangePanel.element, exportsPanel.element, happenings.element);
  timeline.append(toolbar.element, lanes.element, pointing.readout, toolbar.legend);
}

function cameraWork(library, feed, stage) {
  return {
    async mode(id, mode) {
      await library.setMode(id, mode);
      await feed.refresh();
    },
    async event(id, name, seconds) {
      await library.triggerEvent(id, name, seconds);
      stage.say(`An event of ${seconds} s was triggered`);
    },
  };
}
