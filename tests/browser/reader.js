/**
 * In the page: reads the block code out of what each <camera-player> shows, at every refresh of the screen, and keeps a
 * line whenever it changed. Where the cells lie is in tools/mock_camera/layout.py, what they say in stamp.py.
 */
window.reader = (() => {
  const CELL = 6;
  const [COLUMNS, ROWS] = [16, 3];
  const canvas = document.createElement("canvas");
  canvas.width = COLUMNS * CELL;
  canvas.height = ROWS * CELL;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const watched = new Map();
  // How long each refresh of the screen took since the newest `watch`.
  let refreshes = [];
  let refreshedMs = 0;

  /** [number, camera hash, checksum] of a picture, or null when there is none or it cannot be read. */
  function read(picture) {
    if (!picture || (picture.readyState ?? 4) < 2) return null;
    const width = picture.videoWidth ?? picture.width;
    const height = picture.videoHeight ?? picture.height;
    if (!width) return null;
    // Units of a 20 by 15 grid: the code begins at 2, 11.5.
    context.drawImage(picture, (width * 2) / 20, (height * 11.5) / 15, (width * COLUMNS) / 20, (height * ROWS) / 15, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const words = [0, 0, 0];
    for (let cell = 0; cell < COLUMNS * ROWS; cell += 1) {
      const level = middle(pixels, cell);
      if (level > 96 && level < 160) return null;
      const word = cell < 24 ? 0 : cell < 36 ? 1 : 2;
      words[word] = words[word] * 2 + (level >= 128 ? 1 : 0);
    }
    return words;
  }

  /** Mean of the middle four pixels of a cell. */
  function middle(pixels, cell) {
    const left = (cell % COLUMNS) * CELL + CELL / 2 - 1;
    const top = Math.floor(cell / COLUMNS) * CELL + CELL / 2 - 1;
    let sum = 0;
    for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]]) sum += pixels[((top + y) * canvas.width + left + x) * 4 + 1];
    return sum / 4;
  }

  function sample() {
    requestAnimationFrame(sample);
    const nowMs = performance.now();
    if (refreshedMs) refreshes.push(nowMs - refreshedMs);
    refreshedMs = nowMs;
    for (const [player, lines] of watched) {
      const words = read(player.picture);
      if (!words) continue;
      const before = lines.at(-1);
      if (before && words.every((word, index) => word === before[index + 1])) continue;
      lines.push([performance.now(), ...words]);
    }
  }
  requestAnimationFrame(sample);

  /** The recording that is shown: its two videos take turns. */
  const footage = {
    getAttribute: () => "",
    get picture() {
      return document.querySelector(".playback video.is-front");
    },
  };
  const players = () => [...document.querySelectorAll("camera-player")];
  return {
    /** Begin anew to keep what a camera's player shows; without a name, of the first player. */
    watch(camera) {
      const player = players().find((one) => !camera || one.getAttribute("camera") === camera);
      watched.set(player, []);
      refreshes = [];
    },
    /** How long refreshes of the screen take, in ms: 19 of 20 are at least as quick. */
    refreshMs: () => refreshes.sort((one, other) => one - other)[Math.floor(refreshes.length * 0.95)] ?? 0,
    /** What was kept: [ms of performance.now(), number, hash, checksum] a line. */
    lines(camera) {
      for (const [player, lines] of watched) if (!camera || player.getAttribute("camera") === camera) return lines;
      return [];
    },
    /** What a camera's player shows now. */
    now: (camera) => read(players().find((one) => one.getAttribute("camera") === camera)?.picture),
    /** What the recording shows now. */
    footage: () => read(footage.picture),
    /** Begin to keep what the recording shows; `footageLines` has it, as `lines` has a player's. */
    watchFootage: () => watched.set(footage, []),
    footageLines: () => watched.get(footage) ?? [],
    /** All pixels of a picture as text (base64 of RGBA). */
    pixels(camera) {
      const picture = players().find((one) => one.getAttribute("camera") === camera).picture;
      const whole = document.createElement("canvas");
      whole.width = picture.videoWidth ?? picture.width;
      whole.height = picture.videoHeight ?? picture.height;
      whole.getContext("2d").drawImage(picture, 0, 0);
      const data = whole.getContext("2d").getImageData(0, 0, whole.width, whole.height).data;
      let text = "";
      for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
      return { width: whole.width, height: whole.height, pixels: btoa(text) };
    },
  };
})();
