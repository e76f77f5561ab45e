/**
 * Fragmented MP4 as the server sends it: read when a fragment is due, and write another time into it. Pure.
 * ISO/IEC 14496-12. One fragment is one access unit: moof with one traf, then mdat.
 */

const MDHD_V1_TIMESCALE = 28;
const MDHD_V0_TIMESCALE = 20;
const TFHD = { baseDataOffset: 0x01, sampleDescription: 0x02, duration: 0x08, size: 0x10, flags: 0x20 };
const TRUN = { dataOffset: 0x001, firstFlags: 0x004, duration: 0x100, size: 0x200, flags: 0x400, offset: 0x800 };
const NON_SYNC_SAMPLE = 0x0001_0000;
const TWO_32 = 2 ** 32;

/** What is not the MP4 that was promised. */
export class Mp4Error extends Error {}

/** Whether these bytes begin with an init segment (and not with a fragment). */
export function isInitSegment(bytes) {
  return bytes.length >= 8 && boxName(view(bytes), 0) === "ftyp";
}

/** Ticks per second of the first track of an init segment. */
export function readTimescale(init) {
  const data = view(init);
  const mdhd = findPath(data, ["moov", "trak", "mdia", "mdhd"]);
  const isLong = data.getUint8(mdhd.start + 8) === 1;
  const timescale = data.getUint32(mdhd.start + (isLong ? MDHD_V1_TIMESCALE : MDHD_V0_TIMESCALE));
  if (!timescale) throw new Mp4Error("the track has no timescale");
  return timescale;
}

/** Where the times of one fragment stand in its bytes. `retime` writes into them, so hand over a buffer of your own. */
export class Fragment {
  #data;
  #decodeTimeAt = 0;
  #durationAt = 0;

  constructor(bytes) {
    this.bytes = bytes;
    this.isKey = true;
    this.#data = view(bytes);
    const traf = findPath(this.#data, ["moof", "traf"]);
    let defaults = { durationAt: 0, flags: 0 };
    for (const box of boxes(this.#data, traf.start + 8, traf.end)) {
      if (box.name === "tfhd") defaults = readTfhd(this.#data, box);
      else if (box.name === "tfdt") this.#decodeTimeAt = box.start + 8;
      else if (box.name === "trun") this.#readTrun(box, defaults);
    }
    if (!this.#decodeTimeAt) throw new Mp4Error("fragment without a decode time");
  }

  /** Decode time in ticks of the track's timescale. */
  get decodeTime() {
    const at = this.#decodeTimeAt + 4;
    return this.#isLong() ? this.#data.getUint32(at) * TWO_32 + this.#data.getUint32(at + 4) : this.#data.getUint32(at);
  }

  /** Write another decode time and another duration of the (last) sample, both in ticks. */
  retime(decodeTime, duration) {
    const at = this.#decodeTimeAt + 4;
    if (this.#isLong()) {
      this.#data.setUint32(at, Math.floor(decodeTime / TWO_32));
      this.#data.setUint32(at + 4, decodeTime % TWO_32);
    } else {
      this.#data.setUint32(at, decodeTime);
    }
    if (this.#durationAt) this.#data.setUint32(this.#durationAt, duration);
  }

  #isLong() {
    return this.#data.getUint8(this.#decodeTimeAt) === 1;
  }

  #readTrun(box, defaults) {
    const flags = this.#data.getUint32(box.start + 8) & 0xff_ffff;
    const samples = this.#data.getUint32(box.start + 12);
    let at = box.start + 16 + (flags & TRUN.dataOffset ? 4 : 0);
    let sampleFlags = defaults.flags;
    if (flags & TRUN.firstFlags) {
      sampleFlags = this.#data.getUint32(at);
      at += 4;
    }
    const width = 4 * [TRUN.duration, TRUN.size, TRUN.flags, TRUN.offset].filter((flag) => flags & flag).length;
    this.#durationAt = flags & TRUN.duration ? at + width * (samples - 1) : defaults.durationAt;
    if (flags & TRUN.flags) {
      sampleFlags = this.#data.getUint32(at + (flags & TRUN.duration ? 4 : 0) + (flags & TRUN.size ? 4 : 0));
    }
    this.isKey = (sampleFlags & NON_SYNC_SAMPLE) === 0;
  }
}

function readTfhd(data, box) {
  const flags = data.getUint32(box.start + 8) & 0xff_ffff;
  let at = box.start + 16 + (flags & TFHD.baseDataOffset ? 8 : 0) + (flags & TFHD.sampleDescription ? 4 : 0);
  const durationAt = flags & TFHD.duration ? at : 0;
  at += (flags & TFHD.duration ? 4 : 0) + (flags & TFHD.size ? 4 : 0);
  return { durationAt, flags: flags & TFHD.flags ? data.getUint32(at) : 0 };
}

function findPath(data, names) {
  let found = { start: -8, end: data.byteLength };
  for (const name of names) {
    const inside = [...boxes(data, found.start + 8, found.end)].find((box) => box.name === name);
    if (!inside) throw new Mp4Error(`no ${name} box`);
    found = inside;
  }
  return found;
}

function* boxes(data, start, end) {
  for (let at = start; at + 8 <= end; ) {
    const size = data.getUint32(at);
    if (size < 8 || at + size > end) throw new Mp4Error(`a box of ${size} bytes does not fit`);
    yield { name: boxName(data, at), start: at, end: at + size };
    at += size;
  }
}

function boxName(data, at) {
  return String.fromCharCode(...[4, 5, 6, 7].map((offset) => data.getUint8(at + offset)));
}

function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
