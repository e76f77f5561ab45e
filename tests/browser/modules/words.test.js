import { facts } from "/web/live/facts.js";
import { Known } from "/web/live/known.js";
import { tileLayout } from "/web/live/layout.js";
import { fileName } from "/web/live/save.js";
import { summary } from "/web/live/summary.js";
import { cameraHost } from "/web/live/welcome.js";
import { ageText, bitrateText, rateText, sizeText } from "/web/player/words.js";
import { equal, ok } from "./check.js";

export function figuresReadAsPeopleSayThem() {
  equal([0.04, 0.9996, 3.21, 12.3, 119, 300, 7300, 200_000].map(ageText), ["40 ms", "1.0 s", "3.2 s", "12 s", "119 s", "5 min", "2 h", "2 days"]);
  equal([1000, 100_000, 150_000, 5e6].map(bitrateText), ["8 kbit/s", "800 kbit/s", "1.2 Mbit/s", "40 Mbit/s"]);
  equal([25, 24.96, 12.5, 5, 0.5, 0.2, 0.05].map(rateText), ["25 fps", "25 fps", "13 fps", "5 fps", "0.5 fps", "0.2 fps", "0.05 fps"]);
  equal(sizeText(640, 480), "640 × 480");
}

export function summaryCountsWhatIsLive() {
  const [on, off, stalled] = [{ online: true }, { online: false }, { online: true, stalled: true }];
  equal([[], [on], [off], [on, on], [on, off, stalled]].map(summary), ["", "1 camera, live", "1 camera, not live", "2 cameras live", "1 of 3 live"]);
}

export function cameraIsNotGoneAtOnce() {
  const known = new Known();
  const ids = (rows, nowMs) => known.take(rows.map((id) => ({ id })), nowMs).map((row) => row.id);
  equal(ids(["a", "b"], 0), ["a", "b"]);
  equal(ids([], 60_000), ["a", "b"], "a server that has just started:");
  equal(ids(["b"], 62_000), ["a", "b"]);
  equal(ids(["b"], 65_000), ["b"]);
  equal(ids([], 66_000), ["b"]);
}

export function camerasStandInTheOrderOfTheirLabels() {
  const rows = [{ id: "x", label: "cam 10" }, { id: "cam 2" }, { id: "y", label: "Attic" }];
  equal(new Known().take(rows, 0).map((row) => row.label || row.id), ["Attic", "cam 2", "cam 10"]);
}

export function figuresOfAnAbsentCameraAreNotTold() {
  const row = { online: false, fps: 25, width: 640, height: 480, h264_bytes_per_s: 9, jpeg_bytes_per_s: 9, viewers: 2, source: "ws", dropped: { truncated: 3, stale: 0 } };
  const keys = (change, state) => facts({ ...row, ...change }, [], { format: "mp4", state, ageS: 0.2, lost: 0, viewerId: "" }).map(([key]) => key);
  equal(keys({}, "offline"), ["size", "source", "lost"]);
  equal(keys({ online: true }, "live"), ["size", "rate", "bitrate", "age", "camera-bitrate", "viewers", "source", "lost"]);
  equal(keys({ online: true }, "away"), ["size", "source", "lost"]);
}

export function ageIsTheServersWhereItTellsOne() {
  const player = { format: "mp4", state: "live", ageS: 0.2, lost: 0, viewerId: "v7" };
  const age = (viewers) => facts({}, viewers, player).find(([key]) => key === "age")[2];
  equal(age([{ id: "v7", age_s: 0.031 }]), "31 ms");
  equal(age([{ id: "v7", age_s: null }]), "under 1 s");
  equal(age([]), "under 1 s");
}

export function cameraIsToldAnAddressThatItCanReach() {
  const status = { lan_addresses: ["192.168.1.5"] };
  equal(cameraHost(status, { hostname: "localhost" }), "192.168.1.5");
  equal(cameraHost(status, { hostname: "[::1]" }), "192.168.1.5");
  equal(cameraHost({}, { hostname: "127.0.0.1" }), "127.0.0.1");
  equal(cameraHost(status, { hostname: "cams.example" }), "cams.example");
  equal(cameraHost(status, { hostname: "[fd00::5]" }), "fd00::5");
}

export function fileIsCalledAfterCameraAndTime() {
  equal(fileName("porch", new Date(2026, 10, 2, 5, 7, 3), "jpg"), "porch-2026-11-02-05-07-03.jpg");
}

export function tilesAreAllInSightOrFillTheWidth() {
  const desk = { width: 1408, height: 832, captionPx: 52, gapPx: 16 };
  for (let count = 1; count <= 40; count += 1) {
    const { columns, tilePx } = tileLayout(count, desk);
    ok(tilePx > 0 && tilePx % 4 === 0, `${count}: ${tilePx}`);
    ok(columns * tilePx + (columns - 1) * desk.gapPx <= desk.width, `${count} tiles are too wide`);
    const rows = Math.ceil(count / columns);
    const high = rows * (tilePx * 0.75 + desk.captionPx) + (rows - 1) * desk.gapPx;
    ok(high <= desk.height || (columns + 1) * (240 + desk.gapPx) > desk.width, `${count} tiles neither fit nor fill`);
  }
  equal(tileLayout(2, { width: 374, height: 780, captionPx: 52, gapPx: 12 }).columns, 1);
  equal(tileLayout(20, { width: 374, height: 780, captionPx: 52, gapPx: 12 }).columns, 2);
}
