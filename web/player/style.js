/**
 * The player's own look. A constructed sheet needs no inline style, so it passes a strict Content-Security-Policy, here
 * and on others' pages. Colours come from the page's tokens (web/tokens.css) where it has them.
 */
export const style = new CSSStyleSheet();

style.replaceSync(`
  :host {
    display: block;
    position: relative;
    overflow: hidden;
    aspect-ratio: 4 / 3;
    background: var(--picture-ground, #14171a);
    color: var(--picture-ink, #f4f6f7);
    font: 500 0.8125rem/1.35 var(--font-text, system-ui, sans-serif);
    container-type: size;
  }
  :host([hidden]) { display: none; }
  [hidden] { display: none !important; }
  .stage, .stage > * { position: absolute; inset: 0; width: 100%; height: 100%; }
  .stage > * { object-fit: contain; }
  .stage { transition: opacity 0.25s, filter 0.25s; }
  .stage.old { filter: grayscale(1); opacity: 0.6; }
  .note {
    position: absolute;
    inset: auto 0 0 0;
    margin: 0;
    padding: 0.5em 0.75em;
    display: flex;
    flex-wrap: wrap;
    gap: 0 0.75em;
    justify-content: space-between;
    background: var(--picture-veil, rgb(10 12 14 / 0.72));
  }
  .note.alone {
    inset: 0;
    background: none;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    text-align: center;
  }
  .sentence:empty + .age { margin-left: auto; }
  .age { font-variant-numeric: tabular-nums; white-space: nowrap; opacity: 0.85; }
  .spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  @container (max-width: 220px) {
    .note { padding: 0.3em 0.5em; font-size: 0.75rem; }
  }
  @media (prefers-reduced-motion: reduce) {
    .stage { transition: none; }
  }
`);
