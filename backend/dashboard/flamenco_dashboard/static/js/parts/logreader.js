// A run's log in windows: what is asked for is a byte, what comes is text from there on. The whole is never held.
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
  constructor(run) { this.run = run; this.size = 0; this.finished = false; this.available = false; }

  /** The text from a byte on, as much as one answer holds: {offset, text, next, available}. */
  async read(offset) {
    const answer = await get(`/runs/${this.run}/log`, { offset });
    this.size = Math.max(this.size, answer.size, answer.next);
    this.available ||= answer.available;
    if (answer.finished && answer.available) this.finished = true;
    return answer;
  }

  /** The text between two bytes, less the broken line that it begins with: {offset, text, next}. */
  async between(from, to) {
    const answer = await this.read(from);
    let { text } = answer;
    if (answer.next > to) text = decoder.decode(encoder.encode(text).subarray(0, to - from));
    const cut = from > 0 ? text.indexOf("\n") + 1 : 0;
    return { ...answer, offset: from + bytesOf(text.slice(0, cut)), text: text.slice(cut), next: Math.min(to, answer.next) };
  }

  /**
   * Where a line that `finds(line)` (a place in it, or -1) stands, from a byte on, or before it: {line: its byte, at: the match's byte}, or null.
   * `told(part)` hears how far it is and says with false to give up.
   */
  async forward(from, finds, told) {
    for (let offset = from; ;) {
      const { text, next, available } = await this.read(offset);
      const whole = next >= this.size ? text.length : text.lastIndexOf("\n") + 1 || text.length;
      const found = scan(text.slice(0, whole), finds);
      if (found) return at(offset, text, found);
      const on = offset + bytesOf(text.slice(0, whole));
      if (!available || on <= offset || told(on / Math.max(1, this.size)) === false) return null;
      offset = on;
    }
  }

  async backward(to, finds, told) {
    for (let end = to; end > 0;) {
      const from = Math.max(0, end - WINDOW);
      const { offset, text, available } = await this.between(from, end);
      const found = scan(text, finds, true);
      if (found) return at(offset, text, found);
      if (!available || told(1 - offset / Math.max(1, this.size)) === false) return null;
      end = from === 0 ? 0 : Math.min(offset, end - 1);
    }
    return null;
  }
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
