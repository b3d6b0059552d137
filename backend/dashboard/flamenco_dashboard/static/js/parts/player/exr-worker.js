// Reads EXR files beside the page, so that it never stands still. Asked {key, buffer?, layer}, answers {key, width, height, channels, data, layers, layer} or {key, error}.
import parse from "../../../vendor/parse-exr.js";
import { extract, layers, read } from "./exr.js";

const HALF = 1016;
const COMPRESSIONS = ["no", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB"];
let last = { key: null, file: null };

// The parser tells of attributes that it does not know; nobody needs to hear.
console.warn = () => {};

/** The parser reads most kinds of compression, but B44 never, and DWA only of one colour picture. */
function parsed(buffer, compression) {
  try { return parse(buffer, HALF); } catch { throw new Error(`this layer, with ${COMPRESSIONS[compression] ?? "an unknown"} compression, cannot be read in a browser; download the file`); }
}

onmessage = async ({ data: { ask, key, buffer, layer } }) => {
  try {
    if (buffer) last = { key, file: read(buffer) };
    if (last.key !== key) throw new Error("again");
    const found = layers(last.file);
    if (!found.length) throw new Error("this EXR has no layer that can be shown");
    const chosen = found.find((each) => each.label === layer) ?? found[0];
    const { width, height, data, format } = parsed(await extract(last.file, chosen), last.file.parts[chosen.part].compression);
    postMessage({ ask, width, height, channels: format === 1028 ? 1 : 4, data, layers: found.map((each) => each.label), layer: chosen.label }, [data.buffer]);
  } catch (error) {
    postMessage({ ask, error: error.message });
  }
};
