import { describe, skipText } from "/web/recordings/place.js";
import { endOfRun, eventNear, neighbour, rangeAt, readCamera, summed } from "/web/recordings/footage.js";
import { filesOf } from "/web/recordings/playlist.js";
import { parseTime } from "/web/recordings/moments.js";
import { FAMILIES, familyOf, reasonText, stateLook, stateText } from "/web/recordings/reasons.js";
import { runs } from "/web/recordings/runs.js";
import { grown } from "/web/recordings/tail.js";
import { equal, ok } from "./check.js";

const span = (fromMs, toMs, more = {}) => ({ fromMs, toMs, isVideo: true, isProtected: false, shiftS: 0, sizeBytes: toMs - fromMs, frames: 1, ...more });
const gap = (fromMs, toMs, reason = "offline") => ({ fromMs, toMs, isOpen: false, reason, detail: "" });
const REASONS = "offline stalled overload slow_disk disk_full protected unwritable recorder_down bus clock off no_event deleted expired damaged encoder".split(" ");

export function cameraIsReadInThePagesWords() {
  const row = {
    camera: "porch", label: "", mode: "continuous", state: "recording", size_bytes: 7, oldest: "2026-11-22T21:00:00Z", newest: null,
    spans: [{ from: "2026-11-22T21:00:10Z", to: "2026-11-22T21:00:20Z", kind: "originals", protected: true, shift_s: 2, size_bytes: 5, frames: 3 }],
    gaps: [{ from: "2026-11-22T21:00:20Z", to: null, reason: "stalled", detail: "", frames: 0 }],
    events: [{ id: "e", name: "", from: "2026-11-22T21:00:12Z", to: "2026-11-22T21:00:13Z" }],
  };
  const nowMs = parseTime("2026-11-22T21:01:00Z");
  const camera = readCamera(row, nowMs);
  equal([camera.label, camera.spans[0].isVideo, camera.spans[0].isProtected, camera.spans[0].shiftS], ["porch", false, true, 2]);
  equal([camera.gaps[0].toMs, camera.gaps[0].isOpen, camera.events[0].name], [nowMs, true, "event"]);
}

export function placesAreFoundBetweenAndInRanges() {
  const ranges = Array.from({ length: 1000 }, (_, n) => ({ fromMs: n * 10, toMs: n * 10 + 5 }));
  equal([0, 4.9, 5, 9, 9994].map((ms) => rangeAt(ranges, ms)?.fromMs ?? null), [0, 0, null, null, 9990]);
}

export function footageGoesOnOverSpansThatTouch() {
  const spans = [span(0, 1000), span(1000, 2000, { isProtected: true }), span(2050, 3000), span(5000, 6000)];
  equal(endOfRun(spans, spans[0]), 3000);
  const [video, originals] = [span(0, 1000), span(1000, 2000, { isVideo: false })];
  equal(endOfRun([video, originals], video), 1000);
}

export function nearestEventIsHit() {
  const events = [{ fromMs: 0, toMs: 100, id: "a" }, { fromMs: 90, toMs: 95, id: "b" }, { fromMs: 500, toMs: 501, id: "c" }];
  equal([50, 92, 490, 300].map((ms) => eventNear(events, ms, 20)?.id ?? null), ["a", "b", "c", null]);
}

export function nextAndPreviousAreNotTheOneThatPlays() {
  const events = [{ fromMs: 10_000 }, { fromMs: 20_000 }, { fromMs: 30_000 }];
  equal(neighbour(events, 10_000, 1).fromMs, 20_000);
  equal(neighbour(events, 20_800, -1).fromMs, 10_000);
  equal([neighbour(events, 30_000, 1), neighbour(events, 10_100, -1)], [null, null]);
}

export function sumCountsPartsAndProtection() {
  const total = summed([span(0, 1000), span(1000, 2000, { isProtected: true })], 500, 1200);
  equal([total.durationMs, total.sizeBytes, total.protectedMs], [700, 700, 200]);
}

export function tailIsPutOntoWhatIsKnown() {
  const known = { spans: [span(0, 1000), span(2000, 9000)], gaps: [gap(1000, 2000)], events: [] };
  const fresh = { spans: [span(6000, 9900)], gaps: [gap(9900, 9950)], events: [{ id: "e", fromMs: 7000, toMs: 7001 }] };
  const camera = grown(known, fresh, 6500);
  equal(camera.spans.map(({ fromMs, toMs, sizeBytes }) => [fromMs, toMs, sizeBytes]), [[0, 1000, 1000], [2000, 9900, 7900]]);
  equal(camera.gaps.map(({ fromMs }) => fromMs), [1000, 9900]);
  equal(grown(camera, fresh, 6500).spans.at(-1).toMs, 9900, "told twice:");
  equal(grown(camera, fresh, 6500).events.length, 1);
}

export function newestWordCounts() {
  const known = { spans: [span(0, 9000)], gaps: [], events: [] };
  const camera = grown(known, { spans: [], gaps: [gap(5000, 9000, "deleted")], events: [] }, 5000);
  equal(camera.spans.map(({ toMs }) => toMs), [5000]);
}

export function eachPixelIsPaintedOnce() {
  const view = { fromMs: 0, toMs: 2_592_000_000 };
  const ranges = Array.from({ length: 40_000 }, (_, n) => span(n * 64_800, n * 64_800 + 60_000));
  const found = runs(ranges, view, 1000);
  ok(found.length <= 1000, `${found.length} runs`);
  ok(found.every(({ x, width }, at) => width > 0 && x + width <= 1000 && (at === 0 || x > found[at - 1].x)), "in order");
}

export function whatIsNarrowIsStillSeenAndLooksStayApart() {
  const view = { fromMs: 0, toMs: 1_000_000 };
  const found = runs([gap(500_000, 500_001), gap(500_001, 500_002, "damaged"), gap(900_000, 950_000)], view, 100, ({ reason }) => reason);
  equal(found.map(({ range }) => range.reason), ["offline", "damaged", "offline"]);
  ok(found.every(({ width }) => width >= 1), "a pixel wide at least");
}

export function everyReasonHasWordsAndAFamily() {
  const families = new Set(FAMILIES.map(([key]) => key));
  for (const reason of REASONS) {
    ok(families.has(familyOf(reason)), reason);
    ok(!reasonText(reason).startsWith("No footage ("), reason);
  }
  ok(reasonText("brand_new").includes("brand_new"), "one that the page does not know");
}

export function placeSaysWhatIsThereAndWhyNot() {
  const camera = { label: "porch", spans: [span(0, 1000, { isProtected: true, shiftS: 3600 })], gaps: [gap(1000, 61_000)], events: [{ fromMs: 500, toMs: 500, name: "bell", isOpen: false }] };
  const words = (ms) => describe(camera, ms, 10, 70_000).words;
  ok(words(505).startsWith("bell") && words(505).includes("protected") && words(505).includes("clock had been set back"), words(505));
  ok(words(2000).startsWith("The camera was not connected") && words(2000).includes("60 s"), words(2000));
  equal([words(65_000), words(80_000)], ["Nothing recorded", "Still to come"]);
  equal(skipText(camera.gaps, { fromMs: 1000, toMs: 61_000 }), "Left out 60 s without footage: the camera was not connected");
}

export function stateOfARecorderIsSaid() {
  const told = [["off", "off", "off"], ["continuous", "recording", ""], ["continuous", "stopped", "disk_full"], ["event", "waiting", "no_event"], ["continuous", "waiting", "offline"], ["continuous", "", ""]];
  const rows = told.map(([mode, state, reason]) => ({ mode, state, reason }));
  equal(rows.map(stateText), ["Not recording", "Recording", "Stopped: the disk was full", "Waiting for an event", "Waiting: the camera was not connected", "Starting"]);
  equal(rows.map(stateLook), ["off", "recording", "stopped", "waiting", "waiting", "waiting"]);
}

export function playlistTellsWholeFiles() {
  const uri = "files/2026-11-22/garden_20261122T221722.320Z.mp4";
  const text = `#EXTM3U\n#EXT-X-MAP:URI="${uri}",BYTERANGE="864@0"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T22:17:26.519Z\n#EXTINF:4.5,\n#EXT-X-BYTERANGE:2@8\n${uri}?begin=7\n`;
  equal(filesOf(text), [{ name: uri, fromMs: parseTime("2026-11-22T22:17:22.320Z"), toMs: parseTime("2026-11-22T22:17:31.019Z") }]);
}
