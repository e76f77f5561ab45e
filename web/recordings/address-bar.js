/** The browser's address follows what is shown, and an address leads to what it says. */
import { readAddress, writeAddress } from "./address.js";

export class AddressBar {
  #written = "";

  /** `onGo({camera, ms})` is called for the address that the page was opened with, and for others that come later. */
  constructor(onGo) {
    const follow = () => location.hash !== this.#written && onGo(readAddress(location.hash));
    addEventListener("hashchange", follow);
    // The page is made before it goes anywhere.
    queueMicrotask(follow);
  }

  /** Write a camera and a time; NaN: live. */
  write(camera, ms) {
    const address = writeAddress(camera, ms);
    if (address === this.#written) return;
    this.#written = address;
    history.replaceState(null, "", address);
  }
}
