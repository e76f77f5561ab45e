/** The simple page: one camera as JPEGs on a canvas, for any browser; `?camera=` says which. */
import { arrange } from "./arrange.js";
import { el, setText } from "./dom.js";
import { base, followStatus, nameAfter, page } from "./page.js";
import { Tile } from "./tile.js";

let cameras = [];
let viewers = [];
let tile = null;
const links = new Map();

followStatus((...told) => {
  [cameras, viewers] = told;
  show();
});
addEventListener("popstate", show);
addEventListener("resize", () => arrange(page("grid")));

/** Show the camera of the address; without one there, the first that is online, and it stays so. */
function show() {
  const wanted = new URLSearchParams(location.search).get("camera");
  const row = wanted ? named(wanted) : (named(tile?.id) ?? cameras.find((camera) => camera.online) ?? cameras[0]);
  if (tile && tile.id !== row?.id) {
    tile.element.remove();
    tile = null;
  }
  if (row && !tile) {
    const look = { format: "jpeg", isTerse: false, view: "large", openWords: "Full screen" };
    tile = new Tile(row, base, { open: (one) => one.fill() }, look);
    page("grid").append(tile.element);
  }
  tile?.update(row, viewers);
  page("missing").hidden = !wanted || row !== undefined;
  nameAfter(tile);
  showChoice();
  arrange(page("grid"));
}

function named(id) {
  return cameras.find((camera) => camera.id === id);
}

function showChoice() {
  const ids = new Set(cameras.map((camera) => camera.id));
  for (const [id, link] of links) if (!ids.has(id) && links.delete(id)) link.parentElement.remove();
  for (const camera of cameras) {
    const link = links.get(camera.id) ?? makeLink(camera.id);
    setText(link, camera.label || camera.id);
    link.toggleAttribute("data-off", !camera.online);
    if (camera.id === tile?.id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  page("choice").hidden = cameras.length < 2;
}

function makeLink(id) {
  const choose = (event) => {
    event.preventDefault();
    history.pushState(null, "", event.currentTarget.href);
    show();
  };
  const link = el("a", { class: "button", href: `?camera=${id}`, onclick: choose });
  links.set(id, link);
  page("choices").append(el("li", {}, link));
  return link;
}
