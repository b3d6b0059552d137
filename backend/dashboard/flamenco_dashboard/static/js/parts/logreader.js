// A log in windows: what is asked for is a byte, what comes is text from there on. The whole is never held.
import { get } from "../core/api.js";

export const WINDOW = 256 * 1024;
const encoder = new TextEncoder(), decoder = new TextDecoder();
export const bytesOf = (text) => encoder.encode(text).length;

// Lines of Blender that look like errors and are none, and lines that tell of one; as the worker judges them.
const HARMLESS = /EGL Error|ALSA lib|AL lib|libdecor|color.?management/i;
const TELLING = /\berrors?\b|\w(Error|Exception)\b|\bexception\b|traceback|\bfatal\b|\bno space left|out of (gpu |graphics )?memory|\b(can ?not|could ?n.?o?t)\b|segmentation|\bfailed\b|permission denied|read-only file|device lost|corrupt|\bno camera\b|not found|\babort/i;
/** Whether a line tells of an error. */
export const isError = (line) => TELLING.test(line) && !HARMLESS.test(line);

export class LogReader {
  /** `path`: where the API has it. Bytes before `start` are kept no more, as of the log of a machine. */
  constructor(path) { this.path = path; this.start = 0; this.size = 0; this.finished = false; this.available = false; }

  /** The text from a byte on, or from what is still kept, as much as one answer holds: {offset, text, next, available}. */
  async read(offset) {
    const answer = await get(this.path, { offset });
    this.start = answer.start ?? 0;
    // The log of a machine may have begun anew.
    this.size = answer.start === undefined ? Math.max(this.size, answer.size, answer.next) : answer.size;
    this.available ||= answer.available;
    if (answer.finished && answer.available) this.finished = true;
    return answer;
  }

  /** The text between two bytes, less the broken line that it begins with: {offset, text, next}. */
  async between(from, to) {
    const answer = await this.read(from);
    let { text } = answer;
    if (answer.next > to) text = decoder.decode(encoder.encode(text).subarray(0, Math.max(0, to - answer.offset)));
    const cut = answer.offset > this.start ? text.indexOf("\n") + 1 : 0;
    return { ...answer, offset: answer.offset + bytesOf(text.slice(0, cut)), text: text.slice(cut), next: Math.min(to, answer.next) };
  }

  /**
   * Where a line that `finds(line)` (a place in it, or -1) stands, from a byte on, or before it: {line: its byte, at: the match's byte}, or null.
   * `told(part)` hears how far it is and says with false to give up.
   */
  async forward(from, finds, told) {
    for (let wanted = from; ;) {
      const { offset, text, next, available } = await this.read(wanted);
      const whole = next >= this.size ? text.length : text.lastIndexOf("\n") + 1 || text.length;
      const found = scan(text.slice(0, whole), finds);
      if (found) return at(offset, text, found);
      const on = offset + bytesOf(text.slice(0, whole));
      if (!available || on <= offset || told(this.part(on)) === false) return null;
      wanted = on;
    }
  }

  async backward(to, finds, told) {
    for (let end = to; end > this.start;) {
      const from = Math.max(0, end - WINDOW);
      const { offset, text, available } = await this.between(from, end);
      const found = scan(text, finds, true);
      if (found) return at(offset, text, found);
      if (!available || told(1 - this.part(offset)) === false) return null;
      end = from <= this.start ? 0 : Math.min(offset, end - 1);
    }
    return null;
  }

  /** How far into what is kept a byte is, from 0 to 1. */
  part(byte) { return Math.max(0, byte - this.start) / Math.max(1, this.size - this.start); }
}

function scan(text, finds, last = false) {
  let found = null;
  for (let start = 0; start < text.length;) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    const place = finds(text.slice(start, end));
    if (place >= 0) { found = { line: start, at: start + place }; if (!last) return found; }
    start = end + 1;
  }
  return found;
}
const at = (offset, text, found) => ({ line: offset + bytesOf(text.slice(0, found.line)), at: offset + bytesOf(text.slice(0, found.at)) });
