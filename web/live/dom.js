/** Elements made in code: text goes in as text, so that a camera's name can never be markup. */

/** Return an element; a child that is a string becomes text, null is left out. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Write a text only when it changed: screen readers and the layout are left alone otherwise. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** On a field of 24 by 24; strokes, no fill. */
const PATHS = {
  back: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z",
  previous: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  save: "M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5M5 19.5h14",
  full: "M4.5 9.5v-5h5M19.5 9.5v-5h-5M4.5 14.5v5h5M19.5 14.5v5h-5",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  "step-back": "M17.5 5.5L9 12l8.5 6.5zM6 5.5v13",
  "step-on": "M6.5 5.5L15 12l-8.5 6.5zM18 5.5v13",
  "event-back": "M15.5 6.5L10 12l5.5 5.5M7.5 9.2L4.7 12l2.8 2.8M19 6.5v11",
  "event-on": "M8.5 6.5L14 12l-5.5 5.5M16.5 9.2l2.8 2.8-2.8 2.8M5 6.5v11",
  again: "M4.6 12a7.4 7.4 0 1 0 2.6-5.6M4.5 4.2v4h4",
  live: "M12 11.5v1M8.6 8.5a5 5 0 0 0 0 7M15.4 8.5a5 5 0 0 1 0 7M5.8 5.7a9 9 0 0 0 0 12.6M18.2 5.7a9 9 0 0 1 0 12.6",
  "mark-in": "M9.5 5H6v14h3.5M10.5 12h8",
  "mark-out": "M14.5 5H18v14h-3.5M13.5 12h-8",
  clear: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  lock: "M8 11V8.2a4 4 0 0 1 8 0V11M6 11h12v8.5H6z",
  unlock: "M8 11V8.2a4 4 0 0 1 7.7-1.5M6 11h12v8.5H6z",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7",
  bell: "M12 4.5l8 14H4zM12 10v4M12 16.2v.2",
  film: "M4.5 5.5h15v13h-15zM8.5 5.5v13M15.5 5.5v13M4.5 12h15",
  timeline: "M4.5 7h15M4.5 12h9M4.5 17h12",
  "zoom-in": "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l4.5 4.5M10.5 8v5M8 10.5h5",
  "zoom-out": "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l4.5 4.5M8 10.5h5",
};

/** Return a small drawing beside a button's text. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
