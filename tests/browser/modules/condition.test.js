import { condition, isOld, sentence, shortWord } from "/web/player/condition.js";
import { equal, ok } from "./check.js";

const NOW = 100_000;
const seen = (change) => ({
  isRunning: true, isOpen: true, openChangedMs: NOW - 10_000, isServerThere: true, isUnknown: false, camera: "porch",
  isOnline: true, onlineChangedMs: NOW - 10_000, error: "", pictureMs: NOW - 40, intervalMs: 40, ...change,
});
const word = (change) => condition(seen(change), NOW);

export function stateIsWhatAPersonSees() {
  equal(word({}), "live");
  equal(word({ isRunning: false }), "idle");
  equal(word({ pictureMs: null }), "waiting");
  equal(word({ isOnline: false }), "offline");
  equal(word({ isOnline: false, camera: "" }), "absent");
  equal(word({ pictureMs: NOW - 3000 }), "quiet");
  equal(word({ isOpen: false, isServerThere: false }), "away");
  equal(word({ isOpen: false, isServerThere: true }), "refused");
  equal(word({ isOpen: false, isServerThere: true, isUnknown: true }), "unknown");
  equal(word({ isOpen: false, isServerThere: null }), "connecting");
  equal(word({ error: "no" }), "failed");
}

export function slowCameraIsNoQuietOne() {
  equal(word({ pictureMs: NOW - 9000, intervalMs: 5000 }), "live");
  equal(word({ pictureMs: NOW - 16_000, intervalMs: 5000 }), "quiet");
}

export function momentWithoutAConnectionIsNotWorthAWord() {
  equal(word({ isOpen: false, openChangedMs: NOW - 300, isServerThere: null }), "live");
  equal(word({ isOpen: false, openChangedMs: NOW - 300, pictureMs: null }), "connecting");
  equal(word({ openChangedMs: NOW - 300, pictureMs: NOW - 60_000 }), "connecting");
  equal(word({ isOnline: false, onlineChangedMs: NOW - 300 }), "live");
}

export function cameraThatStaysAwayIsOfflineOverANewConnection() {
  equal(word({ isOnline: false, isOpen: false, openChangedMs: NOW - 10, isServerThere: null }), "offline");
}

export function everyStateHasItsWords() {
  for (const state of ["idle", "connecting", "waiting", "live", "quiet", "offline", "absent", "away", "refused", "unknown", "failed"]) {
    ok(sentence(state, "porch", "why"), `no sentence for ${state}`);
    ok(shortWord(state), `no word for ${state}`);
    equal(isOld(state), !["idle", "connecting", "waiting", "live"].includes(state), state);
  }
}
