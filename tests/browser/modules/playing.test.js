import { Gesture, wheeled } from "/web/recordings/gestures.js";
import { actionOf, helpRows, KEYS } from "/web/recordings/keys.js";
import { isWhole, marked, nextRate, RATES, sizeText } from "/web/recordings/marks.js";
import { nextWindow, positionOf, timeAt, windowBefore } from "/web/recordings/plan.js";
import { insideOf, shownAt, stepped } from "/web/recordings/steps.js";
import { backTimeMs, canGoBack, recordingMark } from "/web/live/recorded.js";
import { equal, ok } from "./check.js";

const span = (fromMs, toMs, isVideo = true) => ({ fromMs, toMs, isVideo });

export function windowBeginsWhereItIsAskedForAndStaysInFootage() {
  const spans = [span(0, 600_000), span(700_000, 1_000_000)];
  equal(nextWindow(spans, 10_000), { fromMs: 10_000, toMs: 130_000, skipped: null });
  equal(nextWindow(spans, 478_000), { fromMs: 478_000, toMs: 600_000, skipped: null }, "a short rest is not left over:");
  equal(nextWindow(spans, 600_000), { fromMs: 700_000, toMs: 820_000, skipped: { fromMs: 600_000, toMs: 700_000 } });
  equal(nextWindow(spans, 1_000_000), null);
}

export function windowsFollowEachOtherWithoutAHoleOrARepeat() {
  const spans = [span(0, 250_000), span(250_000, 900_000), span(950_000, 990_000)];
  let [at, played] = [0, 0];
  for (let window = nextWindow(spans, at); window; window = nextWindow(spans, at)) {
    equal(window.fromMs, window.skipped ? window.skipped.toMs : at);
    played += window.toMs - window.fromMs;
    at = window.toMs;
  }
  equal([played, at], [940_000, 990_000]);
}

export function fastPlayingHasLongerWindows() {
  const { toMs } = nextWindow([span(0, 86_400_000)], 0, 4);
  equal(toMs, 480_000);
}

export function whatIsStillBeingEncodedIsNotPlayed() {
  equal(nextWindow([span(0, 1000, false), span(1000, 50_000)], 0).fromMs, 1000);
}

export function slipIsNoGap() {
  equal(nextWindow([span(1000, 50_000)], 700).skipped, null);
}

export function timeAndPositionAreEachOthersReverse() {
  const window = { fromMs: 5000, toMs: 9000, startMs: 4800 };
  equal([positionOf(window, 5000), timeAt(window, 0.2)], [0.2, 5000]);
  equal([positionOf(window, 4900), positionOf(window, 9000)], [null, null]);
}

export function windowBeforeEndsThere() {
  equal(windowBefore([span(0, 600_000)], 300_000), { fromMs: 280_000, toMs: 300_000, skipped: null });
  equal(windowBefore([span(0, 1000), span(60_000, 70_000)], 60_000), { fromMs: 0, toMs: 1000, skipped: null });
  equal(windowBefore([span(0, 1000)], 0), null);
}

export function stepsGoFromPictureToPicture() {
  const times = [0, 66.667, 133.333, 5000, 5010];
  equal([0, 66.2, 66.7, 4999, 9000].map((ms) => shownAt(times, ms)), [0, 1, 1, 2, 4]);
  let ms = 0;
  for (const expected of [1, 2, 3, 4]) {
    ms = stepped(times, ms, 1);
    equal(shownAt(times, ms), expected);
  }
  equal([stepped(times, ms, 1), stepped(times, 0, -1)], [null, null]);
  for (const at of times.keys()) equal(shownAt(times, insideOf(times, at)), at);
  equal(shownAt(times, stepped(times, 5012, -1)), 3);
}

export function marksGiveWayToEachOther() {
  const none = { inMs: null, outMs: null };
  const both = marked(marked(none, "in", 1000), "out", 5000);
  equal([both, isWhole(both), isWhole(none)], [{ inMs: 1000, outMs: 5000 }, true, false]);
  equal(marked(both, "in", 6000), { inMs: 6000, outMs: null });
  equal(marked(both, "out", 900), { inMs: null, outMs: 900 });
  equal(marked(both, null), none);
}

export function ratesEndAtBothEnds() {
  equal([nextRate(1, 1), nextRate(16, 1), nextRate(0.25, -1), RATES.at(-1)], [2, 16, 0.25, 16]);
  equal([900, 3_400_000, 340_000_000, 12e9].map(sizeText), ["1 kB", "3.4 MB", "340 MB", "12 GB"]);
}

const view = { fromMs: 0, toMs: 1000 };

export function tapIsNoDrag() {
  const gesture = new Gesture();
  gesture.down(1, 100);
  equal(gesture.move(1, 104, view, 1000), view);
  ok(gesture.up(1), "a tap");
  gesture.down(1, 100);
  equal(gesture.move(1, 150, view, 1000), { fromMs: -50, toMs: 950 });
  ok(!gesture.up(1), "no tap");
}

export function pinchKeepsWhatLiesUnderTheFingers() {
  const gesture = new Gesture();
  const day = { fromMs: 0, toMs: 86_400_000 };
  const at = (one, x) => one.fromMs + (x / 1000) * (one.toMs - one.fromMs);
  gesture.down(1, 400);
  gesture.down(2, 600);
  // Two fingers move one after the other.
  const zoomed = gesture.move(2, 800, gesture.move(1, 200, day, 1000), 1000);
  for (const [before, after] of [[400, 200], [600, 800]]) ok(Math.abs(at(zoomed, after) - at(day, before)) < 1, `${before}: ${at(zoomed, after)}`);
  gesture.up(1);
  ok(!gesture.up(2), "no tap");
}

export function wheelZoomsAndShiftMoves() {
  const day = { fromMs: 0, toMs: 86_400_000 };
  const near = wheeled(day, 1000, 250, { deltaX: 0, deltaY: -500, deltaMode: 0, shiftKey: false });
  ok(near.toMs - near.fromMs < 86_400_000 / 2, "nearer");
  ok(Math.abs(near.fromMs + (near.toMs - near.fromMs) / 4 - 21_600_000) < 1, "around the pointer");
  equal(wheeled(day, 1000, 0, { deltaX: 0, deltaY: 100, deltaMode: 0, shiftKey: true }).fromMs, 8_640_000);
}

export function keysDoWhatTheHelpSays() {
  const key = (name, more = {}) => actionOf({ key: name, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, ...more });
  equal([key(" "), key("ArrowLeft"), key("n"), key("l")], [["toggle", null], ["skip", -5], ["event", 1], ["live", null]]);
  equal([key("ArrowLeft", { shiftKey: true }), key("G", { shiftKey: true }), key("?", { shiftKey: true }), key("+", { shiftKey: true })], [["skip", -60], ["gap", -1], ["help", null], ["zoom", 0.5]]);
  equal([key("N"), key("n", { ctrlKey: true }), key("q")], [["event", 1], null, null], "Caps Lock, other programs' keys, no key:");
  equal(helpRows().length, KEYS.length);
}

export function tileOffersHalfAMinuteBackOnlyWhereItIsRecorded() {
  const recording = { mode: "continuous", state: "recording", reason: "", detail: "", newest: 1000 };
  equal([undefined, { mode: "continuous" }, { ...recording, state: "stopped" }, recording].map((one) => canGoBack(one)), [false, false, false, true]);
  equal(backTimeMs(recording), 970_000);
}

export function markSaysWhetherItIsRecordedAndWhyNot() {
  const mark = (mode, state, reason = "") => recordingMark({ mode, state, reason, detail: "" });
  equal([recordingMark(undefined).word, mark("off", "off").word, mark("continuous", "recording").word], ["", "", "REC"]);
  equal(mark("continuous", "stopped", "unwritable"), { word: "REC", look: "stopped", title: "Stopped: the folder of recordings could not be written" });
}
