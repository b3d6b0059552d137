// Reads EXR files beside the page, so that it never stands still. Asked {key, buffer?, layer}, answers {key, width, height, channels, data, layers, layer} or {key, error}.
import parse from "../../../vendor/parse-exr.js";
import { extract, layers, read } from "./exr.js";

const HALF = 1016;
let last = { key: null, file: null };

// The parser tells of attributes that it does not know; nobody needs to hear.
console.warn = () => {};

onmessage = async ({ data: { ask, key, buffer, layer } }) => {
  try {
    if (buffer) last = { key, file: read(buffer) };
    if (last.key !== key) throw new Error("again");
    const found = layers(last.file);
    if (!found.length) throw new Error("this EXR has no layer that can be shown");
    const chosen = found.find((each) => each.label === layer) ?? found[0];
    const { width, height, data, format } = parse(await extract(last.file, chosen), HALF);
    postMessage({ ask, width, height, channels: format === 1028 ? 1 : 4, data, layers: found.map((each) => each.label), layer: chosen.label }, [data.buffer]);
  } catch (error) {
    postMessage({ ask, error: error.message });
  }
};
