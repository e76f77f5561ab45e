import { readAddress, writeAddress } from "/web/recordings/address.js";
import { clockText, dayOf, dayRange, durationText, isClockChanged, parseTime, rangeText, shiftDay, wireTime, zoneText } from "/web/recordings/moments.js";
import { equal, ok } from "./check.js";

const at = (text) => parseTime(text);

export function timesKeepTheirMicroseconds() {
  for (const text of ["2026-11-22T21:33:09.123456Z", "2026-11-22T21:33:09.000001Z", "1999-12-31T23:59:59.999999Z"]) equal(wireTime(at(text)), text);
  equal(at("2026-11-22T22:33:09+01:00"), at("2026-11-22T21:33:09Z"));
  ok([null, undefined, "", "yesterday", "2026-11-22"].every((text) => Number.isNaN(at(text))), "what is no time is NaN");
}

export function daysAreTheViewersOwn() {
  equal(dayOf(at("2026-11-21T23:30:00Z")), "2026-11-22");
  equal(dayRange("2026-11-22").map(wireTime), ["2026-11-21T23:00:00.000000Z", "2026-11-22T23:00:00.000000Z"]);
  equal([shiftDay("2026-03-01", -1), shiftDay("2026-12-31", 1), shiftDay("2026-10-25", 1)], ["2026-02-28", "2027-01-01", "2026-10-26"]);
}

export function clockAndZoneAreTheViewersOwn() {
  equal(clockText(at("2026-11-22T21:33:09.987Z"), 1), "22:33:09.9");
  equal(zoneText(at("2026-11-22T12:00:00Z")), "Europe/Berlin (UTC+1)");
  equal(zoneText(at("2026-07-22T12:00:00Z")), "Europe/Berlin (UTC+2)");
}

export function changeOfTheClockIsNoticed() {
  const isChanged = (day) => isClockChanged(...dayRange(day).map((ms, index) => ms - index));
  equal(["2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"].map(isChanged), [false, true, true, false]);
}

export function rangesSayTheirDayWhereItIsNotClear() {
  const [from, to] = [at("2026-11-22T13:02:00Z"), at("2026-11-22T13:05:30Z")];
  equal(rangeText(from, to), "14:02:00 to 14:05:30");
  ok(rangeText(from, to + 86_400_000).includes("23 Nov"), "over midnight");
}

export function durationsReadAsPeopleSayThem() {
  equal([400, 3210, 12_000, 119_000, 200_000, 3_600_000 * 2.1, 86_400_000 * 3].map(durationText), ["0.4 s", "3.2 s", "12 s", "119 s", "3 min 20 s", "2 h 6 min", "3 days"]);
}

export function addressKeepsCameraAndTime() {
  const ms = at("2026-11-22T21:33:09Z");
  equal(writeAddress("porch", ms + 420), "#camera=porch&at=2026-11-22T21:33:09Z");
  equal(readAddress("#camera=porch&at=2026-11-22T21:33:09Z"), { camera: "porch", ms });
  equal(readAddress(writeAddress("porch", NaN)).camera, "porch");
  equal(readAddress("#camera=../x").camera, "");
}
