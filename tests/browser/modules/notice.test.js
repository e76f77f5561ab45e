import { delayRows } from "/web/live/delays.js";
import { notice } from "/web/live/notice.js";
import { equal, ok } from "./check.js";

const until = new Date(2026, 10, 22, 15, 40).getTime() / 1000;
const quarantine = { since: until - 3600, until, reason: "crash" };

export function busyServerIsToldInPicturesASecond() {
  const text = (limited) => notice({ limited: { reason: "overload", ...limited } }, "mp4", "");
  equal([5, 4.98, 1, 0.5].map((fps) => text({ fps })), [
    "Server busy: 5 pictures a second",
    "Server busy: 5 pictures a second",
    "Server busy: 1 picture a second",
    "Server busy: a picture every 2 s",
  ]);
  equal(text({ preset: "ultrafast" }), "Server busy: coarser pictures");
}

export function quarantineIsToldWithItsEnd() {
  const text = notice({ quarantine }, "mp4", "");
  ok(text.includes("crash the decoder") && /40\b/.test(text), text);
}

export function worstIsToldAndOnlyThat() {
  const row = { quarantine, limited: { fps: 5 }, warning: "weak" };
  ok(notice(row, "mp4", "no").includes("crash"), "the quarantine");
  equal(notice({ ...row, quarantine: undefined }, "mp4", "no"), "no");
  equal(notice({ ...row, quarantine: null }, "mp4", ""), "Server busy: 5 pictures a second");
  equal(notice({ warning: "weak" }, "mp4", ""), "weak");
  equal(notice({}, "mp4", ""), "");
}

export function encodersTroubleIsNoneOfJpegs() {
  equal(notice({ quarantine, limited: { fps: 5 } }, "jpeg", ""), "");
}

export function delaysStandInTheOrderOfTheWay() {
  const delays = { shown: { p50: 41, p95: 70 }, transcode: { p50: 3.21, p95: 1200 }, ingest: { p50: 0.04, p95: 0.1 }, other: { p50: 1, p95: 1 } };
  equal(delayRows(delays, 0.031), [
    ["Taken in from the camera", "0.0 ms", "0.1 ms"],
    ["Encoding", "3.2 ms", "1.2 s"],
    ["From the camera to all screens", "41 ms", "70 ms"],
    ["From the camera to this page", "31 ms", ""],
  ]);
}

export function delaysThatAreUnknownAreNotTold() {
  equal(delayRows(undefined, 0.031), []);
  equal(delayRows({}, 0.031), []);
  equal(delayRows({ ingest: { p50: null, p95: null }, fanout: { p50: 1, p95: 2 } }, null), [["Sent to the viewers", "1.0 ms", "2.0 ms"]]);
}
