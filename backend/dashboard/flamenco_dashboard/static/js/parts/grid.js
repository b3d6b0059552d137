// A picture of many tasks: one cell a task, drawn on a canvas only where it is seen, so that 100,000 scroll like ten.
import { h, once, say } from "../core/dom.js";
import { colour } from "../core/frame.js";

const NAMES = { w: "waiting", q: "queued", p: "processing", c: "completed", f: "failed", x: "canceled" };
const SIZES = [5, 7, 10, 14, 20, 28, 40];
const GAP = 2;
const LABELLED = 28; // cells of this size and more have room for their frame

/**
 * A grid of cells in an element. `cells` has `count`, `label(at)`, and `letter(at)`; `on` has `hover(at, event)`, `open(at)`, and `select(list)`.
 * Gives {element, redraw, changed(at), select(list), zoom(by)}.
 */
export function grid(cells, on, name) {
  const canvas = h("canvas", { tabIndex: 0, role: "img", "aria-label": name, "aria-description": "Arrows walk, Enter opens, Shift and the arrows select" });
  const spacer = h("div.grid-space");
  const voice = h("span.unseen", { "aria-live": "polite" });
  const element = h("div.grid", {}, h("div.grid-view", {}, canvas), spacer, voice);
  const context = canvas.getContext("2d");
  let zoomed = null; // the viewer's choice of a size; null: what fits
  let cell = 14, across = 1;
  let hovered = -1, focused = -1, from = -1;
  const selected = new Set();
  let palette = {};
  let brush = ""; // whose colour the canvas fills with now

  const readPalette = () => {
    palette = Object.fromEntries(Object.entries(NAMES).map(([letter, state]) => [letter, colour(letter === "q" || letter === "w" ? `${state}-cell` : state)]));
    Object.assign(palette, { line: colour("line"), text: colour("text"), accent: colour("accent"), card: colour("card") });
  };
  const layout = () => {
    const width = element.clientWidth || 600;
    const fitting = SIZES.findLast((size) => Math.floor(width / (size + GAP)) * Math.floor(360 / (size + GAP)) >= cells.count) ?? SIZES[0];
    cell = zoomed ?? fitting;
    across = Math.max(1, Math.floor((width - 2) / (cell + GAP)));
    const tall = Math.ceil(cells.count / across) * (cell + GAP) + GAP;
    const seen = Math.min(tall, 420);
    spacer.style.height = `${tall - seen}px`;
    element.style.maxHeight = `${seen}px`;
    element.dataset.cell = cell;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(seen * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${seen}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
  };
  const draw = once(() => {
    const pitch = cell + GAP, top = element.scrollTop;
    const first = Math.floor(top / pitch), last = Math.ceil((top + canvas.clientHeight) / pitch);
    context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    const end = Math.min(cells.count, last * across);
    brush = "";
    for (let at = first * across; at < end; at += 1) {
      const x = (at % across) * pitch + 1, y = Math.floor(at / across) * pitch - top + 1;
      drawCell(at, x, y);
    }
  });
  const drawCell = (at, x, y) => {
    const letter = cells.letter(at);
    if (letter !== brush) context.fillStyle = palette[letter];
    brush = letter;
    context.fillRect(x, y, cell, cell);
    // States differ by more than their colour: failed has a cross, processing a dot, canceled a bar.
    if (cell >= 10 && !"qwc".includes(letter)) { mark(letter, x, y); brush = ""; }
    if (cell >= LABELLED) {
      brush = "";
      context.fillStyle = letter === "q" || letter === "w" ? palette.text : palette.card;
      context.font = `${Math.min(13, cell / 2.6)}px system-ui`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(cells.label(at).slice(0, 6), x + cell / 2, y + cell / 2, cell - 3);
    }
    if (selected.has(at) || at === hovered || at === focused) {
      context.strokeStyle = selected.has(at) ? palette.accent : palette.text;
      context.lineWidth = 2;
      context.strokeRect(x, y, cell, cell);
    }
  };
  const mark = (letter, x, y) => {
    if (cell >= LABELLED) return;
    context.strokeStyle = context.fillStyle = palette.card;
    context.lineWidth = 1.5;
    const a = cell * 0.3, b = cell * 0.7;
    if (letter === "f") { context.beginPath(); context.moveTo(x + a, y + a); context.lineTo(x + b, y + b); context.moveTo(x + b, y + a); context.lineTo(x + a, y + b); context.stroke(); }
    if (letter === "x") { context.beginPath(); context.moveTo(x + a, y + cell / 2); context.lineTo(x + b, y + cell / 2); context.stroke(); }
    if (letter === "p") { context.beginPath(); context.arc(x + cell / 2, y + cell / 2, cell * 0.18, 0, 7); context.fill(); }
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect(), pitch = cell + GAP;
    const column = Math.floor((event.clientX - box.left - 1) / pitch), row = Math.floor((event.clientY - box.top + element.scrollTop - 1) / pitch);
    const at = row * across + column;
    return column >= 0 && column < across && at >= 0 && at < cells.count ? at : -1;
  };
  const range = (a, b) => { selected.clear(); for (let at = Math.min(a, b); at <= Math.max(a, b); at += 1) selected.add(at); };
  const choose = () => { draw(); on.select([...selected].sort((a, b) => a - b)); };

  let dragged = false;
  canvas.addEventListener("pointerdown", (event) => {
    from = place(event);
    dragged = false;
    if (from >= 0 && event.pointerType !== "touch") canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (from >= 0 && at >= 0 && event.buttons === 1 && at !== from) { dragged = true; range(from, at); draw(); }
    if (at !== hovered) { hovered = at; draw(); }
    on.hover(at, event);
  });
  canvas.addEventListener("pointerleave", (event) => { hovered = -1; draw(); on.hover(-1, event); });
  canvas.addEventListener("pointerup", (event) => {
    const at = place(event);
    if (dragged) choose();
    else if (at >= 0 && (event.ctrlKey || event.metaKey)) { selected.delete(at) || selected.add(at); focused = at; choose(); }
    else if (at >= 0 && event.shiftKey && focused >= 0) { range(focused, at); choose(); }
    else if (at >= 0) { focused = at; on.open(at); }
    from = -1;
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -cells.count, End: cells.count }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      const before = focused;
      focused = Math.max(0, Math.min(cells.count - 1, focused < 0 && event.key !== "End" ? 0 : focused + by));
      if (event.shiftKey && before >= 0) { const start = anchor ?? before; anchor = start; range(start, focused); choose(); } else anchor = null;
      const y = Math.floor(focused / across) * (cell + GAP);
      if (y < element.scrollTop) element.scrollTop = y;
      if (y + cell > element.scrollTop + canvas.clientHeight) element.scrollTop = y + cell + GAP - canvas.clientHeight;
      say(voice, `${cells.label(focused)}, ${NAMES[cells.letter(focused)]}`);
      draw();
    } else if (event.key === "Enter" && focused >= 0) on.open(focused);
    else if (event.key === "Escape" && selected.size) { selected.clear(); choose(); event.stopPropagation(); }
  });
  let anchor = null;
  element.addEventListener("scroll", draw, { passive: true });
  element.addEventListener("wheel", (event) => { if (event.ctrlKey) { event.preventDefault(); zoom(event.deltaY < 0 ? 1 : -1); } }, { passive: false });
  const redraw = () => { readPalette(); layout(); draw(); };
  const zoom = (by) => {
    const at = SIZES.indexOf(cell);
    const middle = (element.scrollTop + canvas.clientHeight / 2) / Math.max(1, element.scrollHeight);
    zoomed = SIZES[Math.max(0, Math.min(SIZES.length - 1, at + by))];
    layout();
    element.scrollTop = middle * element.scrollHeight - canvas.clientHeight / 2;
    draw();
  };
  new ResizeObserver(() => { layout(); draw(); }).observe(element);
  document.documentElement.addEventListener("themechange", redraw);
  requestAnimationFrame(redraw);
  return { element, redraw, changed: draw, zoom, clear: () => { selected.clear(); draw(); }, pitch: () => cell + GAP };
}
