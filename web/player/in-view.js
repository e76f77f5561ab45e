/**
 * Whether an element can be seen: its tab is the one in front, and it is in (or just beside) the part of the page that
 * is on the screen. One observer for all.
 */

const BESIDE = "160px";
const watched = new Map();
const seen = new WeakSet();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
      watched.get(target)?.();
    }
  },
  { rootMargin: BESIDE },
);

document.addEventListener("visibilitychange", () => {
  for (const tell of watched.values()) tell();
});

/** Call `onChange(isInView)` when it may have changed, until the returned function is called. */
export function watchInView(element, onChange) {
  watched.set(element, () => onChange(isInView(element)));
  observer.observe(element);
  return () => {
    watched.delete(element);
    seen.delete(element);
    observer.unobserve(element);
  };
}

function isInView(element) {
  return document.visibilityState === "visible" && seen.has(element);
}
