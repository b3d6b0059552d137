// The player: scrub and play the small pictures at the scene's pace, look at whole frames down to their pixels, compare.
import { open } from "../../core/dialog.js";
import { h, fill, say } from "../../core/dom.js";
import { size } from "../../core/format.js";
import { complain } from "../../core/toast.js";
import { series } from "../job/gallery.js";
import { earlierResult, otherJob, otherSeries, pickJob } from "./compare.js";
import { isVideo, smallNow, smallSoon, unshown, wholePicture } from "./pictures.js";
import { stage as makeStage } from "./stage.js";
import { CURVES } from "./tone.js";

const AHEAD = 48; // small pictures that are fetched before they are needed
const SVG = "http://www.w3.org/2000/svg";
const ICONS = { play: "M5 3l9 5-9 5z", pause: "M4 3h3v10H4zM9 3h3v10H9z", next: "M4 3l6 5-6 5zM11 3h2v10h-2z", previous: "M12 3l-6 5 6 5zM3 3h2v10H3z", last: "M2 3l5 5-5 5zM7 3l5 5-5 5zM12 3h2v10h-2z", first: "M14 3l-5 5 5 5zM9 3l-5 5 5 5zM2 3h2v10H2z" };
const HELP = [["space", "Play, pause"], ["← →", "One frame back or on; with shift ten"], ["Home End", "First and last frame"], ["f", "Full frame, or the small picture"], ["0", "Fit the window"], ["1", "A pixel for a pixel"],
  ["+ −", "Zoom; so do the wheel and two fingers"], ["[ ]", "Move the wipe; or drag its line"], ["l", "Loop"], ["d", "Download this file"], ["Esc", "Close"]];
const settings = { loop: true, whole: false }; // they hold for as long as the page does

/** Open the player at a row. `sequence()` gives the rows to play; `shown(row)` hears which one is shown. Gives {ended, refresh}. */
export function play({ model, gallery, sequence, row, shown }) {
  let rows = sequence();
  let at = Math.max(0, rows.findIndex((each) => each.id === row.id));
  let output = null, second = null; // what is shown, and what beside it
  let picture = null, secondPicture = null; // the whole pictures, once they are here
  let channel = "color", layer = "";
  const look = { exposure: 0, gamma: 1, curve: "standard" };
  let compare = null; // finds what stands beside a row
  let mode = "single";
  let playing = 0, started = { time: 0, at: 0 };
  let turn = 0; // of the latest wish; what comes for an earlier one is dropped
  let loading = null;
  const fps = Number(model.job.scene?.fps) || 24;
  const shared = model.job.storage === "shared";

  // ---- elements ----

  const stage = makeStage({ hover: (place) => hover(place), zoom: (zoom, fitted) => { say(zoomed, `${Math.round(zoom * 100)} %`); fitButton.setAttribute("aria-pressed", String(fitted)); } });
  const button = (text, label, work, more = {}) => h("button.small", { type: "button", title: label, "aria-label": typeof text === "string" ? null : label, onclick: (event) => { work(); if (event.detail) stage.canvas.focus(); }, ...more }, text);
  const title = h("h2.cut");
  const zoomed = h("span.num.zoomed");
  const values = h("span.num.values");
  const note = h("span.muted.note", { role: "status" });
  const fitButton = button("Fit", "Fit the window (0)", () => stage.fit());
  const wholeButton = button("Full frame", "Show the full frame when it stands still (f)", () => toggleWhole(), { "aria-pressed": "false" });
  const channels = h("select", { "aria-label": "Channel", title: "Channel", onchange: (event) => { channel = event.target.value; redraw(); } }, [["color", "Color"], ["R", "Red"], ["G", "Green"], ["B", "Blue"], ["A", "Alpha"]].map(([value, text]) => h("option", { value }, text)));
  const layerPick = h("select", { "aria-label": "Layer of the file", onchange: (event) => { layer = event.target.value; showWhole(); } });
  const slider = (label, least, most, step, value, work) => {
    const shownValue = h("output.num", {}, value.toFixed(1));
    const input = h("input", { type: "range", min: least, max: most, step, value, "aria-label": label, oninput: () => { say(shownValue, Number(input.value).toFixed(1)); work(Number(input.value)); redraw(); } });
    input.addEventListener("dblclick", () => { input.value = value; input.dispatchEvent(new Event("input")); });
    return h("label.look", { title: `${label}; double click brings ${value} back` }, h("span", {}, label), input, shownValue);
  };
  const curve = h("select", { "aria-label": "Curve", onchange: (event) => { look.curve = event.target.value; redraw(); } }, Object.entries(CURVES).map(([value, { label }]) => h("option", { value }, label)));
  const exr = h("div.row.exr", { hidden: true }, layerPick, slider("Exposure", -8, 8, 0.1, 0, (value) => { look.exposure = value; }), slider("Gamma", 0.2, 3, 0.1, 1, (value) => { look.gamma = value; }), curve);
  const beside = h("select", { "aria-label": "Compare with", onchange: (event) => chooseOther(event.target.value) });
  const modes = h("select", { "aria-label": "How to compare", hidden: true, onchange: (event) => setMode(event.target.value) }, [["wipe", "Wipe"], ["side", "Side by side"], ["difference", "Difference"]].map(([value, text]) => h("option", { value }, text)));
  const download = h("a.button.small", { download: "", title: "Download this file (d)" }, "Download");
  const video = h("video.stage", { controls: true, loop: true, hidden: true });
  const playButton = button(icon("play"), "Play (space)", () => toggle(), {});
  const scrubber = h("input.scrubber", { type: "range", min: 0, step: 1, "aria-label": "Frame", oninput: () => { pause(); go(Number(scrubber.value)); } });
  const number = h("input.frame-number", { type: "number", "aria-label": "Frame number", onchange: () => goFrame(Number(number.value)) });
  const loopButton = button("Loop", "Play again and again (l)", () => { settings.loop = !settings.loop; loopButton.setAttribute("aria-pressed", String(settings.loop)); }, { "aria-pressed": String(settings.loop) });
  const transport = h("div.row.transport", {}, button(icon("first"), "First frame (Home)", () => { pause(); go(0); }), button(icon("previous"), "Previous frame (left)", () => { pause(); go(at - 1); }), playButton, button(icon("next"), "Next frame (right)", () => { pause(); go(at + 1); }),
    button(icon("last"), "Last frame (End)", () => { pause(); go(rows.length - 1); }), scrubber, number, h("span.muted.num", {}, `${Number(fps.toFixed(2))} fps`), loopButton);
  const tools = h("div.row.player-tools", {}, wholeButton, fitButton, button("1:1", "A pixel for a pixel (1)", () => stage.zoomTo(1)), channels, exr, beside, modes, download);
  const dialog = h("dialog.player", { "aria-label": "Player", oncancel: (event) => { event.preventDefault(); close(); }, onkeydown: (event) => keydown(event) },
    h("div.row.player-head", {}, h("div.grow.cut", {}, title), h("button.quiet.player-help", { type: "button", "aria-label": "Keyboard shortcuts of the player", title: "Keyboard shortcuts (?)", onclick: () => help() }, "?"), h("button.quiet", { type: "button", "aria-label": "Close the player", title: "Close (Esc)", onclick: () => close() }, "×")),
    tools, h("div.stage-place", {}, stage.canvas, video), h("div.row.player-info", {}, values, h("span.grow"), note, zoomed), transport);

  // ---- going about ----

  const go = (to) => {
    if (!rows.length) return;
    at = Math.max(0, Math.min(rows.length - 1, to));
    show();
  };
  const goFrame = (frame) => {
    let best = 0;
    rows.forEach((each, place) => { if (Math.abs((each.frame ?? 0) - frame) < Math.abs((rows[best].frame ?? 0) - frame)) best = place; });
    pause();
    go(best);
  };
  const show = async () => {
    turn += 1;
    const mine = turn, now = rows[at];
    loading?.abort();
    scrubber.max = Math.max(0, rows.length - 1);
    scrubber.value = at;
    scrubber.setAttribute("aria-valuetext", now.frame === null ? `file ${at + 1}` : `frame ${now.frame}`);
    if (number !== document.activeElement) number.value = now.frame ?? "";
    const name = [model.job.name, now.step, now.layer, now.frame === null ? "" : `frame ${now.frame}`].filter(Boolean).join(" · ");
    say(title, name);
    stage.canvas.setAttribute("aria-label", name);
    try {
      const [found, other] = await Promise.all([gallery.output(now, rows, at), compare ? compare(now) : null]);
      if (mine !== turn || !found) return;
      [output, second] = [found, other];
      [picture, secondPicture] = [null, null];
      if (!playing) shown(now);
      download.href = shared ? "" : `/api/outputs/${output.id}/content`;
      download.hidden = shared;
      if (isVideo(output) && !shared) { showVideo(); return; }
      if (!smallNow(output) && output.thumbnail) await smallSoon(output);
      if (second?.thumbnail && !smallNow(second)) await smallSoon(second);
      if (mine !== turn) return;
      redraw();
      describe();
      ahead();
      if (!playing && (settings.whole || !output.thumbnail)) showWhole();
    } catch (error) { complain(error); }
  };
  const showVideo = () => {
    video.hidden = false;
    stage.canvas.hidden = true;
    const source = `/api/outputs/${output.id}/content`;
    if (!video.src.endsWith(source)) video.src = source;
    for (const part of [transport, wholeButton, fitButton, channels, exr, beside, zoomed]) part.hidden = true;
    video.onerror = () => say(note, "This browser cannot play this video. Download it.");
    say(note, `${output.path}, ${size(output.size)}`);
  };
  const describe = () => {
    const why = unshown(output, shared);
    wholeButton.disabled = Boolean(why);
    const missing = compare && !second ? beside.value === "earlier" ? "This frame was made once, or what it was is gone. " : "The other has no such frame. " : "";
    say(note, `${missing}${why || `${output.path}, ${size(output.size)}${picture ? `, ${picture.width} × ${picture.height}` : ""}`}`);
  };
  const ahead = () => {
    const by = playing ? 1 : 0;
    for (let each = 1; each <= AHEAD; each += 1) {
      const near = rows[(at + each) % rows.length];
      const known = near && gallery.has(near);
      if (known) smallNow(known);
      else if (near && each < 3) gallery.fetch(rows.slice(at + each, at + each + 200));
      if (by === 0 && each > 6) break;
    }
  };
  const drawn = (shownOutput, whole) => {
    if (!shownOutput) return null;
    const width = shownOutput.width || whole?.width, height = shownOutput.height || whole?.height;
    if (whole) return { source: whole.draw(look, channel), width: whole.width, height: whole.height };
    const small = smallNow(shownOutput);
    return small && { source: small, width: width || small.width, height: height || small.height, small: true };
  };
  const redraw = () => {
    stage.show(drawn(output, picture), compare ? drawn(second, secondPicture) : null);
    stage.canvas.dataset.shown = picture ? "whole" : "small";
    stage.canvas.dataset.beside = !compare || !second ? "" : secondPicture ? "whole" : "small";
    stage.canvas.dataset.frame = rows[at]?.frame ?? "";
    exr.hidden = !picture?.isExr;
    if (picture?.isExr) {
      const names = picture.layers.join("\n");
      if (layerPick.dataset.names !== names) { layerPick.dataset.names = names; fill(layerPick, picture.layers.map((value) => h("option", { value }, value))); }
      layerPick.hidden = picture.layers.length < 2;
      layerPick.value = picture.layer;
    }
  };
  const showWhole = async () => {
    const mine = turn;
    if (unshown(output, shared)) return;
    loading?.abort();
    loading = new AbortController();
    const told = (text) => mine === turn && say(note, text);
    try {
      const [first, other] = await Promise.all([wholePicture(output, layer, { signal: loading.signal, told }), second && second.sha256 && !unshown(second, shared) ? wholePicture(second, layer, { signal: loading.signal }) : null]);
      if (mine !== turn) return;
      [picture, secondPicture] = [first, other];
      redraw();
      describe();
    } catch (error) {
      if (error.name === "AbortError" || mine !== turn) return;
      say(note, `The full frame cannot be shown: ${error.message}.`);
    }
  };
  const toggleWhole = () => {
    settings.whole = !settings.whole;
    wholeButton.setAttribute("aria-pressed", String(settings.whole));
    show();
  };

  // ---- playing ----

  const toggle = () => (playing ? pause() : start());
  const start = () => {
    if (rows.length < 2) return;
    if (at >= rows.length - 1) at = 0;
    started = { time: performance.now(), at };
    playing = requestAnimationFrame(tick);
    fill(playButton, icon("pause"));
    playButton.setAttribute("aria-label", "Pause (space)");
  };
  const tick = (time) => {
    // A frame's own time may be a little before the moment of the click.
    let to = started.at + Math.max(0, Math.floor(((time - started.time) * fps) / 1000));
    if (to >= rows.length && !settings.loop) { pause(); return; }
    to %= rows.length;
    if (to !== at) {
      const known = gallery.has(rows[to]);
      // A picture that is not here yet holds the film up, rather than being left out.
      if (known && (smallNow(known) || !known.thumbnail)) go(to);
      else { gallery.output(rows[to], rows, to).then((found) => smallNow(found)).catch(() => {}); started = { time, at }; }
    }
    playing = requestAnimationFrame(tick);
  };
  const pause = () => {
    if (!playing) return;
    cancelAnimationFrame(playing);
    playing = 0;
    fill(playButton, icon("play"));
    playButton.setAttribute("aria-label", "Play (space)");
    show();
  };

  // ---- comparing ----

  const fillOthers = () => {
    const here = series(row);
    const others = [...new Set(gallery.rows.filter((each) => each.frame !== null && series(each) !== here && each.kind !== "video").map(series))];
    fill(beside, h("option", { value: "" }, "Compare…"), h("option", { value: "earlier" }, "What it was before"), others.map((key) => h("option", { value: `series:${key}` }, key.split("\n").filter(Boolean).join(", "))), h("option", { value: "job" }, "Another job…"));
  };
  const chooseOther = async (value) => {
    try {
      if (!value) compare = null;
      else if (value === "earlier") compare = earlierResult(gallery);
      else if (value.startsWith("series:")) compare = otherSeries(gallery, value.slice(7));
      else if (value === "job") {
        const job = await pickJob(dialog, model.job);
        if (!job) { beside.value = ""; compare = null; } else {
          compare = await otherJob(job.id);
          beside.append(h("option", { value: `chosen:${job.id}`, selected: true }, job.name));
        }
      }
    } catch (error) { complain(error); compare = null; }
    modes.hidden = !compare;
    setMode(compare ? modes.value : "single");
    show();
  };
  const setMode = (now) => { mode = now; stage.mode(now); };

  const hover = (place) => {
    if (!place) { say(values, ""); return; }
    const whole = place.which ? secondPicture : picture;
    const of = place.which ? second : output;
    if (!whole || !of) { say(values, `${place.x}, ${place.y}`); return; }
    const x = Math.floor((place.x * whole.width) / (drawn(output, picture)?.width ?? whole.width)), y = Math.floor((place.y * whole.height) / (drawn(output, picture)?.height ?? whole.height));
    if (x >= whole.width || y >= whole.height) { say(values, ""); return; }
    const found = whole.value(x, y);
    const words = found.map((value) => (whole.isExr ? Number(value.toPrecision(4)).toString() : String(value)));
    say(values, `${x}, ${y}:  ${found.length === 1 ? words[0] : ["R", "G", "B", "A"].map((name, each) => `${name} ${words[each]}`).join("  ")}`);
  };

  // ---- keys ----

  const help = () => open("The player's keys", h("table.plain", {}, HELP.map(([name, text]) => h("tr", {}, h("td", {}, h("kbd", {}, name)), h("td", {}, text)))), [{ label: "Close", value: true, kind: "primary", focus: true }]);
  const KEYS = {
    "?": help,
    " ": toggle, ArrowRight: () => { pause(); go(at + 1); }, ArrowLeft: () => { pause(); go(at - 1); }, "shift+ArrowRight": () => { pause(); go(at + 10); }, "shift+ArrowLeft": () => { pause(); go(at - 10); },
    Home: () => { pause(); go(0); }, End: () => { pause(); go(rows.length - 1); }, f: toggleWhole, 0: () => stage.fit(), 1: () => stage.zoomTo(1), "+": () => stage.zoomBy(1.25), "-": () => stage.zoomBy(0.8),
    l: () => loopButton.click(), d: () => download.click(), "[": () => stage.wipeBy(-0.02), "]": () => stage.wipeBy(0.02),
  };
  const keydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog") !== dialog) return;
    const control = event.target.tagName;
    const slides = control === "INPUT" && event.target.type === "range" && event.key !== " ";
    if (control === "SELECT" || slides || (control === "INPUT" && event.target.type === "number") || control === "VIDEO") return;
    if (["BUTTON", "A"].includes(control) && [" ", "Enter"].includes(event.key)) return;
    const work = KEYS[(event.shiftKey && event.key.length > 1 ? "shift+" : "") + event.key];
    if (!work || !video.hidden) return;
    event.preventDefault();
    work();
  };

  // ---- beginning and end ----

  let end;
  const ended = new Promise((resolve) => { end = resolve; });
  const close = () => {
    pause();
    turn += 1;
    loading?.abort();
    video.src = "";
    dialog.close();
    dialog.remove();
    document.documentElement.removeEventListener("themechange", stage.draw);
    end(rows[at] ?? row);
  };
  const refresh = (changed) => {
    const now = rows[at];
    rows = sequence();
    at = Math.max(0, rows.findIndex((each) => each.id === now?.id));
    scrubber.max = Math.max(0, rows.length - 1);
    transport.hidden = rows.length < 2 || !video.hidden;
    if (!playing && (!changed || changed.id === now?.id)) show();
  };
  document.documentElement.addEventListener("themechange", stage.draw);
  document.body.append(dialog);
  wholeButton.setAttribute("aria-pressed", String(settings.whole));
  transport.hidden = rows.length < 2;
  fillOthers();
  dialog.showModal();
  show();
  return { ended, refresh };
}

function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", width: 16, height: 16, fill: "currentColor", "aria-hidden": "true" })) drawing.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}
