// The sleep schedule of workers: a week to paint, ready-made ones, and the text that the farm keeps.
import { may } from "../../core/api.js";
import { h, fill, say } from "../../core/dom.js";
import { form } from "../../core/dialog.js";
import { counted } from "../../core/format.js";
import { attempt, toast } from "../../core/toast.js";
import { named, orderAll } from "./bulk.js";
import { weekGrid } from "./schedule-grid.js";
import { parse, spansOf, textOf, weekOf, wordsOf } from "./schedule.js";

const PRESETS = [["Always awake", ""], ["Nights", "mo-su 22:00-06:00"], ["Weekends", "sa-su 00:00-24:00"], ["Working hours", "mo-fr 09:00-18:00"]];
const scheduleOf = (worker) => worker.orders?.schedule ?? "";

/** What a schedule says, in words; what cannot be read is shown as it is. */
export function inWords(text) {
  try { return wordsOf(parse(text)); } catch { return text; }
}

/** A schedule to look at: its words and its week. */
export function scheduleView(text) {
  const shown = [h("p", {}, h("strong", {}, capital(inWords(text))), text ? h("span.muted", {}, ", in the local time of its site.") : ".")];
  try {
    const grid = weekGrid(() => {}, { disabled: true });
    const { week } = weekOf(parse(text));
    grid.halves(week.some((each, at) => at % 2 === 0 && each !== week[at + 1]));
    grid.draw(week);
    return text ? [...shown, grid.element] : shown;
  } catch { return shown; }
}

/** An editor of a schedule: {element, read()}. */
export function scheduleEditor(given) {
  const words = h("p.week-words", { role: "status" });
  const text = h("input", { name: "schedule", value: given, placeholder: "mo-fr 09:00-18:00", maxLength: 400, autocomplete: "off", spellcheck: false, "aria-describedby": "schedule-help" });
  const grid = weekGrid((week) => { text.value = textOf(spansOf(week)); tell(spansOf(week)); });
  const halves = h("input", { type: "checkbox", onchange: () => { grid.halves(halves.checked); take(); } });
  const tell = (spans, note = "") => say(words, `${capital(wordsOf(spans))}${spans.length ? ", in the local time of the site" : ""}.${note}`);
  const take = () => {
    try {
      const spans = parse(text.value);
      const { week, exact } = weekOf(spans);
      if (!grid.isHalves && week.some((each, at) => at % 2 === 0 && each !== week[at + 1])) { halves.checked = true; grid.halves(true); }
      grid.draw(week);
      tell(spans, exact ? "" : " It has times that the week cannot show exactly: as long as you do not paint, the text counts.");
      text.removeAttribute("aria-invalid");
    } catch (error) {
      say(words, `${capital(error.message)}.`);
      text.setAttribute("aria-invalid", "true");
    }
  };
  text.addEventListener("input", take);
  const preset = ([label, value]) => h("button", { type: "button", title: capital(inWords(value)), onclick: () => { text.value = value; take(); } }, label);
  const element = h("div.form", {},
    h("div.row", { role: "group", "aria-label": "Ready-made schedules" }, PRESETS.map(preset)),
    h("div", {}, h("div.week-legend.hint", {}, h("span.week-cell", { data: { sleep: "asleep" }, "aria-hidden": "true" }), " asleep ", h("span.week-cell", { data: { sleep: "awake" }, "aria-hidden": "true" }), " awake",
      h("label.end", {}, halves, " half hours")), grid.element, h("p.hint", {}, "Press and drag to paint. With keys: arrows, space; Shift and arrows paint on.")),
    words,
    h("label", {}, "When it sleeps, as text", text, h("span.hint", { id: "schedule-help" }, "Days and a time span, with commas between. A span whose end is not after its start goes over midnight. Empty: it never sleeps by itself.")));
  take();
  return { element, read: () => text.value.trim() };
}

/** Ask for the schedule of these workers and set it; true if it was set. */
export async function editSchedule(workers) {
  const before = new Set(workers.map(scheduleOf));
  const editor = scheduleEditor(before.size === 1 ? [...before][0] : "");
  const mixed = before.size > 1 ? h("p.hint", {}, "They have different schedules now; what you set here becomes the schedule of all of them.") : "";
  const wanted = await form(`Sleep schedule of ${named(workers)}`, [mixed, editor.element], "Set it", async (body) => {
    try { await send(workers, editor.read()); return { text: editor.read() }; } catch (error) { besideText(body); throw error; }
  });
  if (!wanted) return false;
  const groups = [...before].map((text) => [text, workers.filter((worker) => scheduleOf(worker) === text)]);
  toast(`${named(workers)}: ${inWords(wanted.text)}.`, { undo: () => attempt(async () => {
    for (const [text, those] of groups) await send(those, text);
    toast(`Taken back: ${named(workers)}.`);
  }) });
  return true;
}

async function send(workers, schedule) {
  const outcome = await orderAll(workers, { schedule });
  if (outcome.refused.length) {
    const name = workers.find((worker) => worker.id === outcome.refused[0].id)?.name;
    throw new Error(outcome.done.length ? `Set for ${counted(outcome.done.length, "worker")}; not for ${name}: ${outcome.refused[0].detail}` : outcome.refused[0].detail);
  }
}

/** What the farm says against the text stands below the text. */
function besideText(body) {
  const input = body.querySelector("[name=schedule]");
  input.setAttribute("aria-invalid", "true");
  input.closest("label").after(body.querySelector(".problem"));
  input.focus();
}

/** The schedule of one worker in its page: what it is, and the way to change it. `load` draws it anew. */
export function scheduleCard(place, worker, load) {
  const text = scheduleOf(worker);
  if (place.dataset.shown === text) return;
  const focused = place.contains(document.activeElement);
  place.dataset.shown = text;
  const change = may("supervisor") && h("button", { type: "button", onclick: async () => { if (await editSchedule([worker])) load(); } }, "Change it…");
  fill(place, h("div.stack", {}, scheduleView(text), change && h("div", {}, change)));
  if (focused && change) change.focus();
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
