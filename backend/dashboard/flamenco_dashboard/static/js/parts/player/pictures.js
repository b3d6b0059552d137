// Pictures for the player: small ones by hash, whole ones by their kind, and the last few of each kept.
import { Problem } from "../../core/api.js";
import { size } from "../../core/format.js";
import { develop, float } from "./tone.js";

const SMALL_KEPT = 400, WHOLE_KEPT = 6;
const BITMAPS = ["png", "jpg", "jpeg", "webp", "avif", "bmp", "gif"];
const VIDEOS = ["mp4", "webm", "mov", "mkv", "m4v"];
const ending = (output) => output.path.split(".").at(-1).toLowerCase();

export const isVideo = (output) => output.kind === "video" && VIDEOS.includes(ending(output));
/** Why a whole picture cannot be shown, or an empty text. */
export function unshown(output, shared) {
  if (shared) return "The whole file lies on shared storage; this is its small picture.";
  if (BITMAPS.includes(ending(output)) || ending(output) === "exr" || isVideo(output)) return "";
  return output.thumbnail ? `Browsers cannot show .${ending(output)} files; this is its small picture.` : `A .${ending(output)} file has no picture.`;
}

class Kept {
  constructor(most, drop = () => {}) { this.most = most; this.map = new Map(); this.drop = drop; }
  get(key) { const found = this.map.get(key); if (found) { this.map.delete(key); this.map.set(key, found); } return found; }
  set(key, value) {
    this.map.set(key, value);
    if (this.map.size > this.most) { const [oldest, gone] = this.map.entries().next().value; this.map.delete(oldest); this.drop(gone); }
  }
  delete(key) { this.map.delete(key); }
}

// ---- small ones ----

const small = new Kept(SMALL_KEPT);
const loading = new Map();
/** The small picture if it is here; else null, and it is fetched. */
export function smallNow(output) {
  if (!output?.thumbnail) return null;
  const here = small.get(output.thumbnail);
  if (!here) fetchSmall(output.thumbnail);
  return here ?? null;
}
/** The small picture. */
export const smallSoon = (output) => (output?.thumbnail ? small.get(output.thumbnail) ?? fetchSmall(output.thumbnail) : Promise.resolve(null));
function fetchSmall(sha256) {
  if (!loading.has(sha256)) {
    loading.set(sha256, fetch(`/api/files/${sha256}`).then(async (answer) => {
      if (!answer.ok) return null;
      const made = await createImageBitmap(await answer.blob());
      small.set(sha256, made);
      return made;
    }).catch(() => null).finally(() => loading.delete(sha256)));
  }
  return loading.get(sha256);
}

// ---- whole ones ----

const whole = new Kept(WHOLE_KEPT);
const fetched = new Kept(2); // files as they came: another layer needs the same one
/** A whole picture: {width, height, draw(look, channel) → canvas, value(x, y) → text, layers, layer}. `told(part)` hears how far it is. */
export async function wholePicture(output, layer = "", { signal, told = () => {} } = {}) {
  const key = `${output.sha256 || output.id}/${layer}`;
  const here = whole.get(key);
  if (here) return here;
  const file = output.sha256 || `${output.id} of ${output.created_at}`;
  const bytes = fetched.get(file) ?? (await download(output, signal, told));
  fetched.set(file, bytes);
  told("reading");
  const made = ending(output) === "exr" ? await exr(output.sha256 || String(output.id), bytes, layer) : await bitmap(bytes);
  whole.set(key, made);
  return made;
}

async function download(output, signal, told) {
  const answer = await fetch(output.earlier ? `/api/files/${output.sha256}` : `/api/outputs/${output.id}/content`, { signal });
  if (!answer.ok) throw new Problem(answer.status, (await answer.json().catch(() => null))?.detail ?? `the server answered ${answer.status}`);
  const pieces = [];
  let got = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    got += value.length;
    told(`loading, ${size(got)} of ${size(output.size)}`);
  }
  return new Blob(pieces);
}

async function bitmap(blob) {
  let source;
  try { source = await createImageBitmap(blob, { colorSpaceConversion: "none" }); } catch { throw new Problem(0, "this file cannot be decoded"); }
  const { width, height } = source;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0);
  const pixels = once(() => context.getImageData(0, 0, width, height));
  const single = new Map();
  return {
    width, height, layers: [], layer: "", isExr: false,
    draw: (_look, channel) => {
      if (channel === "color") return source;
      if (!single.has(channel)) single.set(channel, oneChannel(pixels(), channel));
      return single.get(channel);
    },
    value: (x, y) => { const at = (y * width + x) * 4, data = pixels().data; return [0, 1, 2, 3].map((each) => data[at + each]); },
  };
}
const once = (make) => { let made; return () => (made ??= make()); };

function oneChannel(pixels, channel) {
  const { width, height, data } = pixels;
  const at = { R: 0, G: 1, B: 2, A: 3 }[channel];
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let from = 0; from < data.length; from += 4) { image.data[from] = image.data[from + 1] = image.data[from + 2] = data[from + at]; image.data[from + 3] = 255; }
  context.putImageData(image, 0, 0);
  return canvas;
}

// ---- EXR ----

let worker = null;
const asks = new Map();
let asked = 0;
function ask(message, transfer) {
  if (!worker) {
    worker = new Worker(new URL("./exr-worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => { const { resolve, reject } = asks.get(data.ask); asks.delete(data.ask); if (data.error) reject(new Problem(0, data.error)); else resolve(data); };
    worker.onerror = () => { for (const { reject } of asks.values()) reject(new Problem(0, "the EXR reader did not start")); asks.clear(); worker = null; };
  }
  asked += 1;
  return new Promise((resolve, reject) => { asks.set(asked, { resolve, reject }); worker.postMessage({ ask: asked, ...message }, transfer); });
}

async function exr(key, blob, layer) {
  const buffer = await blob.arrayBuffer();
  const found = await ask({ key, buffer, layer }, [buffer]);
  const { width, height, channels, data } = found;
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  let drawn = "";
  return {
    width, height, layers: found.layers, layer: found.layer, isExr: true, channels,
    draw: (look, channel) => {
      const wanted = JSON.stringify([look, channel]);
      if (drawn !== wanted) { context.putImageData(develop(found, image, look, channel), 0, 0); drawn = wanted; }
      return canvas;
    },
    value: (x, y) => { const at = ((height - 1 - y) * width + x) * channels; return Array.from({ length: channels }, (_, each) => float(data[at + each])); },
  };
}
