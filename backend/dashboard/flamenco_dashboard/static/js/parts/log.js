// A log as `tail -f` shows it, and as a book: follow its end, search it from end to end, jump to the first error. Only a window of it is here.
import { h, fill, once, say } from "../core/dom.js";
import { size } from "../core/format.js";
import { complain } from "../core/toast.js";
import { bytesOf, isError, LogReader, WINDOW } from "./logreader.js";

const MOST = 2 * 1024 * 1024; // of text that is held
const SMALL = 768 * 1024; // a log up to this is read from its beginning
const PAUSE = 1000;
const LINES = 80; // a piece of the page that the browser may leave undrawn

/**
 * A log, and where the API has it: of a run (its `id` and `attempt` say it all), or `path`, a `name` for people, the `file` it is saved as and
 * its `keeper`. `tail`: its last lines, for as long as nothing better is here. Gives {element, wake, stop}.
 */
export function log({ id, attempt, path = `/runs/${id}/log`, name = `attempt ${attempt}`, file = `run-${id}`, keeper = "the run's manager" }, tail) {
  const reader = new LogReader(path);
  const note = h("span.muted.num.log-note", { role: "status" });
  const query = h("input.search", { type: "search", placeholder: "Search the log", "aria-label": `Search the log of ${name}` });
  const found = h("span.hint.num", { role: "status" });
  const button = (text, label, work, more = {}) => h("button", { type: "button", title: label, onclick: work, ...more }, text);
  const follow = button("Follow", "Stay at the end as lines come", () => setFollow(following === false), { "aria-pressed": "true" });
  const wrap = button("Wrap", "Break long lines", () => setWrap(wrap.getAttribute("aria-pressed") !== "true"), { "aria-pressed": "false" });
  const download = button("Download", "Download the whole log", () => save());
  const lines = h("div.log-lines");
  const view = h("div.log-view", { tabIndex: 0, role: "log", "aria-live": "off", "aria-label": `Log of ${name}` }, lines);
  const element = h("section.log", { "aria-label": `Log of ${name}` },
    h("div.row.log-tools", {}, query, button("↑", "Previous match (shift Enter)", () => search(-1), { "aria-label": "Previous match" }), button("↓", "Next match (Enter)", () => search(1), { "aria-label": "Next match" }), found, h("span.grow"),
      button("First error", "Jump to the first line that tells of an error", () => firstError()), button("Start", "To the beginning", () => toStart()), follow, wrap, download), view, note);
  let blocks = []; // {start, end, text, element}: one after another
  let following = true, stopped = false, timer = 0, busy = false, asked = 0;
  let hit = null; // {at, length} of the match that is shown

  // ---- the window ----

  const held = () => blocks.reduce((sum, block) => sum + block.end - block.start, 0);
  const put = (answer, where) => {
    let { offset: start, text } = answer;
    if (where === "after" && blocks.length) {
      // A line that was not whole goes on.
      const last = blocks.at(-1);
      const cut = last.text.lastIndexOf("\n") + 1;
      if (cut < last.text.length) {
        const rest = last.text.slice(cut);
        start -= bytesOf(rest);
        text = rest + text;
        if (cut) redo(last, last.text.slice(0, cut)); else { last.element.remove(); blocks.pop(); }
      }
    }
    if (!text) return;
    const block = { start, end: start + bytesOf(text), text, element: h("div.log-block") };
    render(block);
    if (where === "before") { blocks.unshift(block); lines.prepend(block.element); } else { blocks.push(block); lines.append(block.element); }
    while (held() > MOST && blocks.length > 1) {
      const gone = where === "before" ? blocks.pop() : blocks.shift();
      const tall = gone.element.offsetHeight;
      gone.element.remove();
      if (where === "after") view.scrollTop -= tall;
    }
  };
  const redo = (block, text) => { block.text = text; block.end = block.start + bytesOf(text); block.element.replaceChildren(); render(block); };
  const render = (block) => {
    const all = block.text.split("\n");
    if (all.at(-1) === "") all.pop();
    for (let first = 0; first < all.length; first += LINES) {
      const piece = document.createElement("pre");
      const those = all.slice(first, first + LINES);
      piece.style.setProperty("--lines", those.length);
      let plain = "";
      for (const line of those) {
        const tone = isError(line) ? "log-error" : /\bwarning\b/i.test(line) ? "log-warning" : "";
        if (!tone) { plain += `${line}\n`; continue; }
        if (plain) piece.append(plain);
        plain = "";
        piece.append(h(`span.${tone}`, {}, `${line}\n`));
      }
      if (plain) piece.append(plain);
      block.element.append(piece);
    }
  };
  const clear = () => { blocks = []; fill(lines); };
  const end = () => blocks.at(-1)?.end ?? 0;
  const begin = () => blocks[0]?.start ?? 0;

  /** Hold what is around a byte. */
  const around = async (byte) => {
    const from = Math.max(0, byte - WINDOW / 4);
    const answer = await reader.between(from, Infinity);
    clear();
    put(answer, "after");
  };
  const guarded = async (work) => {
    if (busy) return;
    busy = true;
    try { await work(); } catch (error) { complain(error); } finally { busy = false; }
  };
  const earlier = () => guarded(async () => {
    if (!blocks.length || begin() <= reader.start) return;
    const from = Math.max(reader.start, begin() - WINDOW);
    const before = lines.offsetHeight;
    put(await reader.between(from, begin()), "before");
    view.scrollTop += lines.offsetHeight - before;
  });
  const later = () => guarded(async () => {
    if (!blocks.length || end() >= reader.size) return;
    const answer = await reader.read(end());
    if (answer.text) put(answer, "after");
  });

  // ---- following ----

  const look = async () => {
    clearTimeout(timer);
    if (stopped) return;
    if (!document.hidden && following !== false) await guarded(pull);
    else if (!document.hidden && !reader.finished) await guarded(() => reader.read(reader.size)); // how long it is by now
    describe();
    if (!reader.finished || end() < reader.size) timer = setTimeout(look, PAUSE);
  };
  const pull = async () => {
    for (let turn = 0; turn < 8; turn += 1) {
      const long = reader.size - reader.start > SMALL;
      const wanted = blocks.length ? end() : long ? reader.size - WINDOW : reader.start;
      const answer = await reader.read(wanted);
      if (!blocks.length && reader.size - reader.start > SMALL && wanted < reader.size - 2 * WINDOW) continue; // only now known to be long
      if (!answer.available && !blocks.length) return showTail();
      if (blocks.length && answer.offset !== wanted) clear(); // what is shown is kept no more
      if (!answer.text) return undefined;
      if (!blocks.length) { fill(lines); put(wanted > reader.start ? trimmed(answer) : answer, "after"); } else put(answer, "after");
      if (following) toEnd();
      if (answer.next >= reader.size) return undefined;
    }
    return undefined;
  };
  const trimmed = (answer) => { const cut = answer.text.indexOf("\n") + 1; return { ...answer, offset: answer.offset + bytesOf(answer.text.slice(0, cut)), text: answer.text.slice(cut) }; };
  const showTail = () => {
    if (lines.childElementCount || !tail) return;
    const block = { text: tail, element: h("div.log-block.log-tail") };
    render(block);
    lines.append(block.element);
    toEnd();
  };
  const toEnd = () => { scrolling = true; view.scrollTop = view.scrollHeight; };
  const setFollow = async (on) => {
    following = on;
    follow.setAttribute("aria-pressed", String(on));
    if (!on) return;
    if (blocks.length && end() < reader.size - WINDOW) clear();
    await look();
    toEnd();
  };
  const describe = () => {
    if (!reader.available) say(note, tail ? `The last lines. The whole log lies at ${keeper} and has been asked for.` : `The log has been asked for at ${keeper}.`);
    else if (reader.size <= reader.start) say(note, "The log is empty.");
    else if (!blocks.length) say(note, `The last lines of ${size(reader.size)}. The rest is on its way from ${keeper}.`);
    else {
      const part = begin() <= reader.start && end() >= reader.size ? "" : `, shown from ${Math.floor(100 * reader.part(begin()))} to ${Math.ceil(100 * reader.part(end()))} %`;
      say(note, `${reader.start ? "the last " : ""}${size(reader.size - reader.start)}${part}${reader.finished ? "" : ", and growing"}`);
    }
  };

  let scrolling = false, lastTop = 0;
  view.addEventListener("scroll", once(() => {
    const up = view.scrollTop < lastTop - 2;
    lastTop = view.scrollTop;
    if (scrolling) { scrolling = false; return; }
    const below = view.scrollHeight - view.scrollTop - view.clientHeight;
    if (following && up && below > 40) setFollow(false);
    if (view.scrollTop < 400) earlier().then(describe);
    if (below < 400 && following === false) later().then(describe);
  }), { passive: true });

  // ---- search ----

  const toStart = async () => { setFollow(false); await guarded(async () => { if (begin() > reader.start || !blocks.length) await around(reader.start); view.scrollTop = 0; }); describe(); };
  const search = async (direction) => {
    const text = query.value;
    if (!text) return;
    const wanted = text.toLowerCase();
    const finds = direction > 0 ? (line) => line.toLowerCase().indexOf(wanted) : (line) => line.toLowerCase().lastIndexOf(wanted);
    await jump(finds, direction, hit?.text === text ? hit : null, text);
  };
  const firstError = () => jump((line) => (isError(line) ? 0 : -1), 1, null, "", 0);
  const jump = async (finds, direction, from, text, start) => {
    setFollow(false);
    asked += 1;
    const mine = asked;
    say(found, "searching…");
    const told = (part) => { if (mine !== asked || stopped) return false; say(found, `searching, ${Math.round(100 * Math.min(1, part))} %`); return true; };
    try {
      const after = start ?? (from ? from.line + from.long : seen());
      let place = direction > 0 ? await reader.forward(after, finds, told) : await reader.backward(from ? from.line : seen(), finds, told);
      let wrapped = false;
      if (!place && mine === asked && start === undefined) {
        wrapped = true;
        place = direction > 0 ? await reader.forward(0, finds, told) : await reader.backward(reader.size, finds, told);
      }
      if (mine !== asked) return;
      if (!place) { say(found, text ? "not found" : "no line tells of an error"); mark(null); return; }
      if (!blocks.length || place.line < begin() || place.at >= end()) await around(place.line);
      hit = { ...place, text, long: 0 };
      reveal(hit);
      say(found, `${wrapped ? "from the other end, " : ""}at ${Math.round(100 * reader.part(place.line))} %`);
      describe();
    } catch (error) { complain(error); }
  };
  /** The byte of the line that is at the top of the view. */
  const seen = () => {
    if (!blocks.length) return 0;
    const box = view.getBoundingClientRect();
    const block = blocks.find((each) => each.element.getBoundingClientRect().bottom > box.top) ?? blocks[0];
    return block.start;
  };
  const reveal = (place) => {
    const block = blocks.find((each) => place.line >= each.start && place.line < each.end);
    if (!block) return;
    // From bytes to a place in the text, and from there to a node of the page.
    const prefix = new TextDecoder().decode(new TextEncoder().encode(block.text).subarray(0, place.at - block.start));
    const lineEnd = block.text.indexOf("\n", prefix.length);
    const line = block.text.slice(prefix.lastIndexOf("\n") + 1, lineEnd < 0 ? undefined : lineEnd + 1);
    place.long = bytesOf(line);
    const length = place.text ? place.text.length : line.trimEnd().length;
    const range = rangeOf(block.element, prefix.length, length);
    if (!range) return;
    range.startContainer.parentElement.scrollIntoView({ block: "nearest" });
    const box = range.getBoundingClientRect(), frame = view.getBoundingClientRect();
    scrolling = true;
    view.scrollTop += box.top - frame.top - view.clientHeight / 3;
    mark(range);
  };
  const rangeOf = (root, from, length) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    let at = 0;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (from < at + node.length) {
        const range = document.createRange();
        range.setStart(node, from - at);
        range.setEnd(node, Math.min(node.length, from - at + length));
        return range;
      }
      at += node.length;
    }
    return null;
  };
  const mark = (range) => {
    if (!CSS.highlights) { getSelection().removeAllRanges(); if (range) getSelection().addRange(range); return; }
    const name = "log-hit";
    const highlight = CSS.highlights.get(name) ?? new Highlight();
    CSS.highlights.set(name, highlight);
    if (marked) highlight.delete(marked);
    if (range) highlight.add(range);
    marked = range;
  };
  let marked = null;
  query.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); search(event.shiftKey ? -1 : 1); } });
  query.addEventListener("input", () => { hit = null; say(found, ""); });

  // ---- more ----

  const setWrap = (on) => {
    wrap.setAttribute("aria-pressed", String(on));
    view.classList.toggle("wrapped", on);
    try { localStorage.setItem("log.wrap", on ? "1" : ""); } catch { /* it holds for this page then */ }
  };
  const save = async () => {
    download.disabled = true;
    try {
      const pieces = [];
      for (let offset = 0; ;) {
        const { text, next, available } = await reader.read(offset);
        if (!available && !text) throw new Error(pieces.length ? "the end of the log is not here yet, try again in a moment" : "the log is not here yet, try again in a moment");
        pieces.push(text);
        say(note, `downloading, ${size(next)} of ${size(reader.size)}`);
        if (next >= reader.size || next === offset) break;
        offset = next;
      }
      const url = URL.createObjectURL(new Blob(pieces, { type: "text/plain" }));
      h("a", { href: url, download: `${file}.log` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    } catch (error) { complain(error); }
    download.disabled = false;
    describe();
  };
  try { setWrap(localStorage.getItem("log.wrap") === "1"); } catch { /* no storage */ }
  look();
  return { element, wake: look, stop: () => { stopped = true; clearTimeout(timer); mark(null); }, focusSearch: () => query.focus(), firstError };
}
