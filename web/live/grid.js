/** The tiles of all cameras, which one of them is large, and the keyboard's way among them. */
import { arrange } from "./arrange.js";
import { Tile } from "./tile.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export class Grid {
  #element;
  #base;
  #onLarge;
  #tiles = new Map();
  #large = null;
  #wanted = "";

  /** `onLarge(tile or null)` is called when another camera is large. */
  constructor(element, base, { onLarge }) {
    this.#element = element;
    this.#base = base;
    this.#onLarge = onLarge;
    element.addEventListener("keydown", (event) => this.#move(event));
    document.addEventListener("keydown", (event) => this.#steer(event));
    addEventListener("popstate", () => this.#follow());
    addEventListener("resize", () => this.#arrange());
    this.#wanted = idInAddress();
  }

  /** Show these cameras: new tiles come in their place, those that stay are not moved (it would stop them). */
  update(rows, viewers) {
    const ids = new Set(rows.map((row) => row.id));
    for (const [id, tile] of this.#tiles) if (!ids.has(id)) this.#remove(id, tile);
    let after = null;
    for (const row of rows) {
      let tile = this.#tiles.get(row.id);
      if (!tile) tile = this.#add(row, after);
      tile.update(row, viewers);
      after = tile.element;
    }
    this.#arrange();
    if (this.#wanted && !this.#large) this.#follow();
  }

  #arrange() {
    if (!this.#large) arrange(this.#element);
  }

  #add(row, after) {
    const tile = new Tile(row, this.#base, {
      open: (one) => this.#open(one),
      close: () => this.#leave(),
      step: (one, by) => this.#step(one, by),
    });
    this.#tiles.set(row.id, tile);
    if (after) after.after(tile.element);
    else this.#element.prepend(tile.element);
    tile.isCovered = this.#large !== null;
    return tile;
  }

  #remove(id, tile) {
    this.#tiles.delete(id);
    tile.element.remove();
    if (tile === this.#large) this.#leave();
  }

  #open(tile) {
    history.pushState({ isOpened: true }, "", addressOf(tile));
    this.#show(tile);
  }

  /** Go back to all cameras, by the browser's history where this page wrote it. */
  #leave() {
    if (history.state?.isOpened) return history.back();
    history.replaceState(null, "", location.pathname + location.search);
    this.#show(null);
  }

  #step(tile, by) {
    const all = this.#inOrder();
    const next = all[(all.indexOf(tile) + by + all.length) % all.length];
    history.replaceState(history.state, "", addressOf(next));
    this.#show(next);
  }

  #follow() {
    this.#wanted = idInAddress();
    this.#show(this.#tiles.get(this.#wanted) ?? null);
  }

  #show(tile) {
    const before = this.#large;
    if (tile === before) return;
    this.#large = tile;
    this.#wanted = tile?.id ?? "";
    if (before) before.isLarge = false;
    for (const other of this.#tiles.values()) other.isCovered = tile !== null && other !== tile;
    if (tile) tile.isLarge = true;
    this.#arrange();
    this.#onLarge(tile);
    (tile ?? before).focus();
  }

  /** Large: Escape goes back, arrows go to the neighbours. */
  #steer(event) {
    if (!this.#large || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && !document.fullscreenElement) this.#leave();
    else if (event.key in STEPS) this.#step(this.#large, STEPS[event.key]);
  }

  /** In the grid: arrows go to the tile beside, above or below. */
  #move(event) {
    if (this.#large || !event.target.matches(".open")) return;
    const all = this.#inOrder();
    const at = all.findIndex((tile) => tile.element.contains(event.target));
    const columns = Number(this.#element.dataset.columns);
    const by = { ...STEPS, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: all.length - 1 - at }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    all[at + by]?.focus();
  }

  #inOrder() {
    return [...this.#element.children].map((child) => [...this.#tiles.values()].find((tile) => tile.element === child));
  }
}

function addressOf(tile) {
  return `#camera=${tile.id}`;
}

function idInAddress() {
  return /^#camera=([a-z0-9_-]+)$/.exec(location.hash)?.[1] ?? "";
}
