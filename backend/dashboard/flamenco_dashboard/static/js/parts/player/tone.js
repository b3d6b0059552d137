// From scene-linear half floats to what a screen shows: exposure, a curve, gamma; by a table of all 65,536 halfs.

const FLOATS = new Float32Array(65536);
for (let bits = 0; bits < 65536; bits += 1) {
  const exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const size = exponent === 0 ? (fraction / 1024) * 2 ** -14 : exponent === 31 ? (fraction ? NaN : Infinity) : (1 + fraction / 1024) * 2 ** (exponent - 15);
  FLOATS[bits] = bits & 0x8000 ? -size : size;
}
/** The number that a half's bits stand for. */
export const float = (bits) => FLOATS[bits];

const encode = (value) => (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055);
export const CURVES = {
  standard: { label: "Standard (sRGB)", curve: (value) => encode(Math.min(1, value)) },
  // A shoulder in the manner of film: bright values come near to white and never clip, and middle grey (0.18) stays.
  soft: { label: "Soft highlights", curve: (value) => encode(value / (value + 0.82)) },
  raw: { label: "Raw values", curve: (value) => Math.min(1, value) },
};

/** A table from half bits to a byte. */
export function table({ exposure = 0, gamma = 1, curve = "standard" }) {
  const made = new Uint8ClampedArray(65536);
  const scale = 2 ** exposure, shape = CURVES[curve].curve;
  for (let bits = 0; bits < 65536; bits += 1) {
    const value = FLOATS[bits] * scale;
    made[bits] = value > 0 ? (value === Infinity ? 255 : 255 * Math.min(1, shape(value)) ** (1 / gamma)) : 0;
  }
  return made;
}

/** Fill an ImageData from a picture of halfs whose lowest row comes first. `channel`: color, R, G, B or A. */
export function develop({ data, width, height, channels }, image, look, channel) {
  const made = table(look);
  const straight = channel === "A" ? table({ curve: "raw" }) : made;
  const out = image.data;
  const only = { R: 0, G: 1, B: 2, A: 3 }[channel];
  for (let y = 0; y < height; y += 1) {
    let from = (height - 1 - y) * width * channels, to = y * width * 4;
    for (let x = 0; x < width; x += 1, from += channels, to += 4) {
      if (channels === 1) out[to] = out[to + 1] = out[to + 2] = made[data[from]];
      else if (only === undefined) { out[to] = made[data[from]]; out[to + 1] = made[data[from + 1]]; out[to + 2] = made[data[from + 2]]; }
      else out[to] = out[to + 1] = out[to + 2] = straight[data[from + only]];
      out[to + 3] = 255;
    }
  }
  return image;
}
