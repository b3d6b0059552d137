// What is in an EXR file, and one layer of it as a plain file of R, G, B and A (or Y), which the parser reads.
// The layout is that of "OpenEXR File Layout", openexr.com: a header (one a part) is a list of attributes, each a name, a type, a size and a value.

const MAGIC = 20000630;
const MULTI_PART = 0x1000, DEEP = 0x0800, LONG_NAMES = 0x0400;
const LINES = { 0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256 }; // of a block, by kind of compression
const text = new TextDecoder();

/** The parts of a file: {name, attributes, channels: [{name, type, rest}], …}. Throws an error whose message says what cannot be read. */
export function read(buffer) {
  const data = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  if (buffer.byteLength < 8 || data.getUint32(0, true) !== MAGIC) throw new Error("this is not an EXR file");
  const version = data.getUint32(4, true);
  if (version & DEEP) throw new Error("this EXR holds deep data, which cannot be shown here");
  const multiple = Boolean(version & MULTI_PART);
  let at = 8;
  const word = () => { const end = bytes.indexOf(0, at); const found = text.decode(bytes.subarray(at, end)); at = end + 1; return found; };
  const parts = [];
  do {
    const part = { attributes: [], channels: [], name: "", chunks: 0, compression: 0, window: null };
    for (let name = word(); name; name = word()) {
      const type = word(), size = data.getInt32(at, true);
      const value = bytes.subarray(at + 4, at + 4 + size);
      at += 4 + size;
      part.attributes.push({ name, type, value });
      if (name === "channels") part.channels = channels(value);
      if (name === "name") part.name = text.decode(value);
      if (name === "chunkCount") part.chunks = new DataView(value.buffer, value.byteOffset).getInt32(0, true);
      if (name === "compression") part.compression = value[0];
      if (name === "type" && text.decode(value).startsWith("deep")) throw new Error("this EXR holds deep data, which cannot be shown here");
      if (name === "type") part.tiled = text.decode(value) === "tiledimage";
      if (name === "dataWindow") { const box = new DataView(value.buffer, value.byteOffset); part.window = [0, 4, 8, 12].map((place) => box.getInt32(place, true)); }
    }
    parts.push(part);
  } while (multiple && bytes[at] !== 0);
  if (multiple) at += 1;
  return { buffer, version, multiple, parts, after: at };
}

function channels(value) {
  const data = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const found = [];
  let at = 0;
  while (value[at]) {
    const end = value.indexOf(0, at);
    found.push({ name: text.decode(value.subarray(at, end)), type: data.getInt32(end + 1, true), rest: value.subarray(end + 1, end + 17) });
    at = end + 17;
  }
  return found;
}

const COLOUR = { R: "R", G: "G", B: "B", A: "A", r: "R", g: "G", b: "B", a: "A", X: "R", Y: "G", Z: "B", W: "A" };

/** The layers that can be shown: {label, part, names: {channel of the file: R, G, B, A or Y}}. */
export function layers(file) {
  const found = [];
  for (const [part, { name: partName, channels: list }] of file.parts.entries()) {
    const groups = new Map();
    for (const { name, type } of list) {
      if (type === 0) continue; // whole numbers, like object ids
      const cut = name.lastIndexOf(".");
      const group = cut < 0 ? "" : name.slice(0, cut);
      if (!groups.has(group)) groups.set(group, new Map());
      groups.get(group).set(name.slice(cut + 1), name);
    }
    for (const [group, members] of groups) {
      const label = group || (file.multiple && partName) || "Picture";
      const colours = new Map();
      for (const [short, name] of members) if (COLOUR[short] && !colours.has(COLOUR[short])) colours.set(COLOUR[short], name);
      const isColour = ["R", "G", "B"].every((each) => colours.has(each)) && (["R", "r", "X"].some((each) => members.has(each)));
      if (isColour) found.push({ label, part, names: Object.fromEntries([...colours].map(([colour, name]) => [name, colour])) });
      for (const [short, name] of members) {
        if (!isColour || ![...colours.values()].includes(name)) found.push({ label: members.size === 1 && group ? group : group ? `${group}.${short}` : short, part, names: { [name]: "Y" } });
      }
    }
  }
  // The picture itself comes first.
  return found.sort((a, b) => rank(a) - rank(b));
}
const rank = ({ label, names }) => (label === "Picture" ? 0 : /combined$/i.test(label) ? 1 : Object.keys(names).length > 1 ? 2 : 3);

/** A file of that layer alone, of one part and with plain names of channels. The parser reads blocks in order and no table of offsets. */
export function extract(file, layer) {
  const part = file.parts[layer.part];
  const header = [];
  const put = (array) => header.push(array);
  const int = (number) => { const made = new Uint8Array(4); new DataView(made.buffer).setInt32(0, number, true); return made; };
  const words = (string) => new TextEncoder().encode(`${string}\0`);
  const version = (file.version & ~MULTI_PART & ~LONG_NAMES & 0xff) | (part.tiled || file.version & 0x0200 ? 0x0200 : 0);
  put(int(MAGIC));
  put(int(version));
  const needed = new Set(["channels", "compression", "dataWindow", "displayWindow", "lineOrder", "pixelAspectRatio", "screenWindowCenter", "screenWindowWidth", "tiles"]);
  for (const { name, type, value } of part.attributes) {
    if (!needed.has(name)) continue;
    const content = name === "channels" ? renamed(part.channels, layer.names) : value;
    put(words(name)); put(words(type)); put(int(content.length)); put(content);
  }
  put(new Uint8Array(1));
  const rest = new Uint8Array(file.buffer, file.after);
  return new Blob([...header, ...(file.multiple ? blocksOf(file, layer.part) : [rest])]).arrayBuffer();
}

function renamed(list, names) {
  const pieces = [];
  for (const [number, channel] of list.entries()) {
    // Others get names that mean nothing.
    pieces.push(new TextEncoder().encode(`${names[channel.name] ?? `_${number}`}\0`), channel.rest);
  }
  pieces.push(new Uint8Array(1));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) { whole.set(piece, at); at += piece.length; }
  return whole;
}

/** The (unused) table of offsets and the blocks of one part of several, without the number of the part before each. */
function blocksOf(file, wanted) {
  const data = new DataView(file.buffer);
  let table = file.after;
  for (const [number, part] of file.parts.entries()) { if (number === wanted) break; table += 8 * count(part); }
  const part = file.parts[wanted], many = count(part);
  const pieces = [new Uint8Array(8 * many)];
  const head = part.tiled ? 20 : 8;
  for (let each = 0; each < many; each += 1) {
    const at = Number(data.getBigUint64(table + 8 * each, true)) + 4;
    const size = data.getInt32(at + head - 4, true);
    pieces.push(new Uint8Array(file.buffer, at, head + size));
  }
  return pieces;
}

function count(part) {
  if (part.chunks) return part.chunks;
  const [, top, , bottom] = part.window;
  return Math.ceil((bottom - top + 1) / LINES[part.compression]);
}
