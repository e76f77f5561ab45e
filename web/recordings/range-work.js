/** What is done with a marked range; each returns a sentence that says what was done. */
import { confirmed } from "./dialogs.js";
import { summed } from "./footage.js";
import { sizeText } from "./marks.js";
import { dayText, durationText, rangeText } from "./moments.js";

const WHOLE = "Files are deleted whole";
const FOR_GOOD = "It cannot be brought back.";

/** Return the works of the range's panel. */
export function rangeWork(library, { feed, refreshExports }) {
  return {
    address: ({ camera, fromMs, toMs }) => library.video(camera, fromMs, toMs),

    async export({ camera, fromMs, toMs }, how) {
      await library.export(camera, fromMs, toMs, how);
      await refreshExports();
      return "It is being made: see Exports";
    },

    async protect({ camera, fromMs, toMs }, isProtected) {
      const told = await library.protect(camera, fromMs, toMs, isProtected);
      await feed.refresh();
      return isProtected ? `${filesText(told)} protected` : `${filesText(told)} no longer protected`;
    },

    async remove(range) {
      const { camera, label, fromMs, toMs } = range;
      const total = summed(feed.camera(camera)?.spans ?? [], fromMs, toMs);
      if (total.protectedMs > 0) return `${durationText(total.protectedMs)} of it is protected: end that first`;
      const files = await library.files(camera, fromMs, toMs).catch(() => []);
      const isSure = await confirmed(`Delete footage of ${label}?`, whatGoes(range, total, files), "Delete");
      if (!isSure) return "";
      const told = await library.remove(camera, fromMs, toMs);
      await feed.refresh();
      return `${filesText(told)} deleted`;
    },
  };
}

/** Return the sentences that say what a deletion takes away: files go whole. */
function whatGoes({ fromMs, toMs }, total, files) {
  const amount = `${durationText(total.durationMs)} of footage, about ${sizeText(total.sizeBytes)}`;
  const marked = `Marked: ${dayText(fromMs)}, ${rangeText(fromMs, toMs)}: ${amount}.`;
  if (files.length === 0) return [marked, `${WHOLE}: some footage before and after goes with it.`, FOR_GOOD];
  const [first, last] = [Math.min(...files.map((file) => file.fromMs)), Math.max(...files.map((file) => file.toMs))];
  const whole = `${dayText(first)}, ${rangeText(first, last)} (${durationText(last - first)})`;
  const goes = files.length === 1 ? "1 file goes" : `${files.length} files go`;
  return [marked, `${WHOLE}: ${goes}, ${whole}.`, FOR_GOOD];
}

function filesText({ files, size_bytes: bytes }) {
  if (typeof files !== "number") return "It is";
  return `${files} ${files === 1 ? "file" : "files"} (${sizeText(bytes ?? 0)})`;
}
