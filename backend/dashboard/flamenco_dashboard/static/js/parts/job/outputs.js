// The Output tab: a gallery of any size, of which only what is seen exists; selections and downloads; the player.
import { h, fill, once, say } from "../../core/dom.js";
import { counted, size } from "../../core/format.js";
import { onReset } from "../../core/live.js";
import { complain, toast } from "../../core/toast.js";
import { change, view } from "../../core/url.js";
import { Gallery, series } from "./gallery.js";
import { play } from "../player/player.js";

const LEAST = 168, GAP = 10, TEXT = 30; // of a tile: its least width, what is between two, the line below its picture
const MOST_RANGES = 400;

export function outputs(model) {
  const gallery = new Gallery(model.id, (step) => model.steps.findIndex((each) => each.name === step));
  const picks = Object.fromEntries([["step", "All steps"], ["kind", "All kinds"], ["layer", "All layers"]].map(([name, label]) =>
    [name, h("select", { "aria-label": label, onchange: (event) => { change({ [name]: event.target.value }); refilter(); } })]));
  const summary = h("span.muted.num", { role: "status" });
  const all = h("a.button", { download: "" }, "Download these");
  const bulk = h("div.bulk.row", { hidden: true, role: "toolbar", "aria-label": "Selected outputs" });
  const space = h("div.gallery-space", { role: "list", "aria-label": "Outputs" });
  const scroller = h("div.gallery", {}, space);
  const empty = h("p.empty", { hidden: true });
  const shared = h("p.hint", { hidden: true });
  const element = h("section", { "aria-label": "Outputs" }, h("div.row.gallery-head", {}, Object.values(picks), summary, h("span.grow"), all), shared, bulk, empty, scroller);
  const selected = new Set();
  const tiles = new Map(); // place to element
  let list = [];
  let across = 1, wide = LEAST, tall = LEAST;
  let anchor = null;
  let player = null;

  // ---- what is shown ----

  const refilter = () => {
    const wanted = view();
    for (const name of Object.keys(picks)) fillPick(name, wanted[name] ?? "");
    list = gallery.rows.filter((row) => Object.keys(picks).every((name) => !wanted[name] || row[name] === wanted[name]));
    const bytes = list.reduce((sum, row) => sum + row.size, 0);
    say(summary, gallery.loaded ? `${counted(list.length, "file")}, ${size(bytes)}` : "loading…");
    all.hidden = !list.length || model.job?.storage === "shared";
    all.href = wanted.layer ? zipOf(list) ?? all.href : `/api/jobs/${model.id}/zip?${new URLSearchParams({ step: wanted.step ?? "", kind: wanted.kind ?? "" })}`;
    say(all, list.length === gallery.rows.length ? "Download all" : "Download these");
    shared.hidden = model.job?.storage !== "shared";
    say(shared, model.job ? `These files lie on shared storage in ${model.job.output_root}; here are their small pictures.` : "");
    empty.hidden = !gallery.loaded || list.length > 0;
    say(empty, gallery.rows.length ? "Nothing fits these filters." : "Nothing has been made yet. New frames appear here as they come.");
    scroller.hidden = !list.length;
    layout();
  };
  const fillPick = (name, wanted) => {
    const counts = new Map();
    for (const row of gallery.rows) counts.set(row[name], (counts.get(row[name]) ?? 0) + 1);
    counts.delete("");
    const select = picks[name];
    select.hidden = counts.size < 2 && !wanted;
    const options = [...counts].map(([value, count]) => `${value} (${count.toLocaleString()})`);
    if (select.dataset.options !== options.join("\n")) {
      select.dataset.options = options.join("\n");
      fill(select, h("option", { value: "" }, select.getAttribute("aria-label")), [...counts.keys()].map((value, at) => h("option", { value }, options[at])));
    }
    select.value = wanted;
  };

  // ---- tiles ----

  const layout = () => {
    const width = scroller.clientWidth;
    if (!width) return;
    across = Math.max(2, Math.floor((width + GAP) / (LEAST + GAP)));
    wide = (width - GAP * (across - 1)) / across;
    tall = Math.round((wide * 9) / 16) + TEXT;
    space.style.height = `${Math.ceil(list.length / across) * (tall + GAP)}px`;
    for (const tile of tiles.values()) tile.remove();
    tiles.clear();
    paint();
  };
  const paint = () => {
    const pitch = tall + GAP;
    const first = Math.max(0, Math.floor(scroller.scrollTop / pitch) - 1) * across;
    const end = Math.min(list.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / pitch + 1) * across);
    for (const [at, tile] of tiles) if ((at < first || at >= end) && !tile.contains(document.activeElement)) { tile.remove(); tiles.delete(at); }
    const lacking = list.slice(first, end).filter((row) => !gallery.has(row));
    if (lacking.length) gallery.fetch(lacking);
    for (let at = first; at < end; at += 1) if (!tiles.has(at)) { const tile = make(at); tiles.set(at, tile); space.append(tile); }
  };
  const draw = once(paint);
  const make = (at) => {
    const row = list[at];
    const picture = h("span.tile-picture");
    const box = h("input.tile-box", { type: "checkbox", checked: selected.has(row.id), "aria-label": `Select ${named(row)}`, onclick: (event) => choose(at, event.target.checked, event.shiftKey) });
    const open = h("button.tile-open", { type: "button", "aria-label": `Open ${named(row)}`, onclick: (event) => {
      if (event.ctrlKey || event.metaKey) choose(at, !selected.has(row.id)); else if (event.shiftKey) choose(at, true, true); else show(row);
    } }, picture);
    const text = h("span.tile-text.cut", {}, h("span.num", {}, row.frame ?? "…"), h("span.muted", {}, row.layer || (row.kind === "frame" ? "" : row.kind)));
    const tile = h("div.tile", { role: "listitem", "aria-setsize": list.length, "aria-posinset": at + 1, style: {
      left: `${(at % across) * (wide + GAP)}px`, top: `${Math.floor(at / across) * (tall + GAP)}px`, width: `${wide}px`, height: `${tall}px`,
    }, data: { at, id: row.id, chosen: selected.has(row.id) } }, open, box, text);
    const full = (output) => {
      if (!output) return;
      fill(picture, output.thumbnail ? h("img", { src: `/api/files/${output.thumbnail}`, alt: "", decoding: "async" }) : h("span.tile-ending", {}, ending(output.path)), output.kind === "video" ? h("span.tile-mark", { "aria-hidden": "true" }, "▶") : "");
      if (row.frame === null) say(text.firstChild, output.path.split("/").at(-1));
      open.title = `${output.path}, ${size(output.size)}`;
    };
    const here = gallery.has(row);
    if (here) full(here); else gallery.output(row).then(full, complain);
    return tile;
  };
  const named = (row) => `${row.kind}${row.frame === null ? "" : ` ${row.frame}`}${row.layer ? ` of ${row.layer}` : ""}`;

  // ---- a selection ----

  const choose = (at, on, range = false) => {
    const from = range && anchor !== null ? Math.min(anchor, at) : at;
    const to = range && anchor !== null ? Math.max(anchor, at) : at;
    for (let each = from; each <= Math.min(to, list.length - 1); each += 1) selected[on ? "add" : "delete"](list[each].id);
    anchor = at;
    drawSelection();
  };
  const drawSelection = () => {
    for (const [at, tile] of tiles) {
      const is = list[at] && selected.has(list[at].id);
      tile.dataset.chosen = is;
      tile.querySelector(".tile-box").checked = is;
    }
    const rows = gallery.rows.filter((row) => selected.has(row.id));
    bulk.hidden = !rows.length;
    if (!rows.length) return;
    const href = zipOf(rows);
    fill(bulk, h("strong", {}, `${counted(rows.length, "file")} selected, ${size(rows.reduce((sum, row) => sum + row.size, 0))}`),
      model.job.storage === "shared" ? "" : href ? h("a.button", { href, download: "" }, rows.length === 1 ? "Download it" : "Download as zip") : h("button", { type: "button", onclick: () => toast("These are too scattered for one download. Choose ranges, or a step and a layer.", { tone: "queued" }) }, "Download as zip"),
      h("button.quiet", { type: "button", onclick: () => { selected.clear(); drawSelection(); } }, "Clear"));
  };
  const zipOf = (rows) => {
    if (rows.length === 1) return `/api/outputs/${rows[0].id}/content`;
    const ids = rows.map((row) => row.id).sort((a, b) => a - b);
    const ranges = [];
    const among = new Set(ids);
    for (const id of ids) {
      const last = ranges.at(-1);
      // Ids that lie between and are of nothing else in this job may be in the range, too.
      if (last && !between(last[1], id, among)) last[1] = id; else ranges.push([id, id]);
    }
    return ranges.length > MOST_RANGES ? null : `/api/jobs/${model.id}/zip?outputs=${ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(",")}`;
  };
  const between = (from, to, among) => {
    if (to - from > 5000) return true;
    for (let id = from + 1; id < to; id += 1) if (gallery.known.has(id) && !among.has(id)) return true;
    return false;
  };

  // ---- keys ----

  scroller.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    const at = Number(tile.dataset.at);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + across, ArrowUp: at - across, Home: 0, End: list.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focus(Math.max(0, Math.min(list.length - 1, to)));
    } else if (event.key === "x") choose(at, !selected.has(list[at].id));
    else if (event.key === "Escape" && selected.size) { selected.clear(); drawSelection(); }
  });
  const focus = (at) => {
    const top = Math.floor(at / across) * (tall + GAP);
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + tall > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + tall - scroller.clientHeight;
    paint();
    tiles.get(at)?.querySelector(".tile-open").focus();
  };

  // ---- the player ----

  const show = (row) => {
    change({ show: row.id });
    const key = series(row);
    const sequence = () => gallery.rows.filter((each) => series(each) === key);
    player = play({ model, gallery, sequence, row, shown: (now) => change({ show: now.id }) });
    player.ended.then((last) => {
      player = null;
      change({ show: "" });
      const at = list.findIndex((each) => each.id === last.id);
      if (at >= 0) focus(at);
    });
  };

  // ---- live ----

  model.addEventListener("output", gallery.soon);
  gallery.addEventListener("rows", () => { refilter(); player?.refresh(); });
  gallery.addEventListener("changed", ({ detail }) => {
    for (const [at, tile] of tiles) if (list[at]?.id === detail.id && !tile.contains(document.activeElement)) { tile.remove(); tiles.delete(at); }
    draw();
    player?.refresh(detail);
  });
  scroller.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(once(layout)).observe(scroller);
  const load = () => gallery.load().catch(complain);
  onReset(load);
  model.addEventListener("grid", () => gallery.loaded && gallery.soon());
  let order = "";
  model.addEventListener("job", () => {
    const now = model.steps.map((each) => each.name).join("\n");
    if (gallery.loaded && now !== order) { gallery.sort(); refilter(); }
    order = now;
  });
  model.addEventListener("job", () => { if (gallery.loaded && shared.hidden === (model.job.storage === "shared")) refilter(); });
  refilter();
  load().then(() => {
    const row = gallery.known?.get(Number(view().show));
    if (row) show(row);
  });
  return element;
}

const ending = (path) => (path.includes(".") ? path.split(".").at(-1).slice(0, 6) : "file");
