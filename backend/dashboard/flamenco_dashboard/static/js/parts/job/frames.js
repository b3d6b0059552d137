// The frame grid of a job, step by step: what each cell is under the pointer, and what can be done to a selection.
import { get, mayChange, post } from "../../core/api.js";
import { h, fill, later, say } from "../../core/dom.js";
import { ask } from "../../core/dialog.js";
import { counted, duration, megabytes } from "../../core/format.js";
import { key } from "../../core/keys.js";
import { attempt, toast } from "../../core/toast.js";
import { grid as cellGrid } from "../grid.js";
import { badge, bar } from "../states.js";

const WORDS = { w: "waiting", q: "queued", p: "processing", c: "completed", f: "failed", x: "canceled" };

/** Draw the grids of a job's steps into a place. */
export function frames(model) {
  const place = h("div.stack");
  const tools = h("div.bulk.row", { hidden: true, role: "toolbar", "aria-label": "Selected tasks" });
  const zoomer = (text, label, by) => h("button", { type: "button", "aria-label": label, title: `${label} (${text}), or Ctrl and the wheel`, onclick: () => zoomAll(by) }, text);
  const legend = h("div.row.legend", {}, Object.values(WORDS).map((state) => badge(state)), h("span.hint.grow", {}, "Click a frame to open it, drag to select several"),
    h("span.row.zoomers", {}, zoomer("−", "Smaller cells", -1), zoomer("+", "Larger cells", 1)));
  const element = h("section", { "aria-label": "Frames" }, legend, tools, place);
  const tip = h("div.tip", { hidden: true });
  document.body.append(tip);
  let grids = [];
  let selection = [];

  // A grid that holds the same tasks stays, with its selection and its place.
  const marked = ({ steps, task }) => [steps.join("\n"), task.length, task[0], task.at(-1)].join("\t");
  let built = "";
  const build = () => {
    if (marked(model.grid) === built) { changed(); return; }
    built = marked(model.grid);
    grids = model.grid.steps.map((name, number) => section(name, number));
    fill(place, grids.map((each) => each.element));
    changed();
  };
  const section = (name, number) => {
    const places = [];
    model.grid.step.forEach((step, at) => { if (step === number) places.push(at); });
    const cells = { count: places.length, letter: (at) => model.grid.status[places[at]], label: (at) => model.grid.label[places[at]] || name };
    const made = cellGrid(cells, {
      hover: (at, event) => hover(at < 0 ? -1 : places[at], event),
      open: (at) => location.assign(`/jobs/${model.id}/tasks/${model.grid.task[places[at]]}`),
      select: (list) => { for (const other of grids) if (other.grid !== made) other.grid.clear(); select(list.map((at) => places[at])); },
    }, `Tasks of the step ${name}`);
    const facts = h("span.hint.num");
    return { grid: made, number, facts, element: h("div", {}, h("div.row.step-head", {}, h("h3", {}, name), facts), made.element) };
  };
  const changed = () => {
    for (const each of grids) {
      each.grid.changed();
      const step = model.steps.find((one) => one.name === model.grid.steps[each.number]);
      if (step) {
        const mean = step.mean_seconds === null ? "" : `, ${duration(step.mean_seconds)} a task`;
        const waits = step.after.length && step.counts.waiting ? `, after ${step.after.join(" and ")}` : "";
        say(each.facts, `${step.counts.completed.toLocaleString()} of ${counted(step.total, "task")}${mean}${waits}`);
      }
    }
  };

  // ---- under the pointer ----

  let shown = -1;
  const details = later(async (at) => {
    if (at !== shown) return;
    try {
      const task = await get(`/tasks/${model.grid.task[at]}`);
      const run = task.run ? await get(`/runs/${task.run}`) : null;
      if (at !== shown) return;
      fill(tip, tipHead(at), run && h("div", {}, `${model.name(run.worker)}, ${duration((new Date(run.finished_at ?? run.updated_at) - new Date(run.started_at)) / 1000)}, ${megabytes(run.peak_memory_mb)}`),
        task.attempts > 1 && h("div", {}, `${task.attempts} attempts`), task.reason && h("div.failed-count", {}, task.reason));
    } catch { /* the short form stays */ }
  }, 160);
  const tipHead = (at) => h("div.row", {}, h("strong", {}, model.grid.label[at] || model.grid.steps[model.grid.step[at]]), badge(WORDS[model.grid.status[at]]));
  const hover = (at, event) => {
    tip.hidden = at < 0;
    if (at < 0) { shown = -1; return; }
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - 320)}px`;
    tip.style.top = `${Math.min(event.clientY + 16, innerHeight - 110)}px`;
    if (at === shown) return;
    shown = at;
    const worker = model.grid.worker[at];
    fill(tip, tipHead(at), worker >= 0 && h("div", {}, model.name(model.grid.workers[worker])));
    details(at);
  };

  // ---- a selection ----

  const select = (places) => {
    selection = places;
    tools.hidden = !places.length;
    if (!places.length) return;
    const mine = mayChange(model.job);
    const running = places.filter((at) => "pqw".includes(model.grid.status[at]));
    const ended = places.filter((at) => "cfx".includes(model.grid.status[at]));
    const text = places.length === 1 ? model.grid.label[places[0]] : `${model.grid.label[places[0]]} to ${model.grid.label[places.at(-1)]}`;
    fill(tools, h("strong", {}, `${counted(places.length, "task")} selected (${text})`),
      mine ? h("button", { type: "button", disabled: !ended.length, onclick: () => requeue(ended) }, `Requeue ${ended.length}`) : "",
      mine ? h("button.danger", { type: "button", disabled: !running.length, onclick: () => cancel(running) }, `Cancel ${running.length}`) : h("span.muted", {}, "You may not change this job."),
      h("button.quiet", { type: "button", onclick: clear }, "Clear"));
  };
  const clear = () => { for (const each of grids) each.grid.clear(); select([]); };
  const requeue = (places) => attempt(async () => {
    await post(`/jobs/${model.id}/requeue`, { tasks: places.map((at) => model.grid.task[at]) });
    toast(`Requeued ${counted(places.length, "task")}.`);
    clear();
  });
  const cancel = async (places) => {
    if (!(await ask("Cancel tasks", `Cancel ${counted(places.length, "task")}? Those that run are stopped.`, "Cancel them", { danger: true }))) return;
    await attempt(async () => {
      for (const at of places) await post(`/tasks/${model.grid.task[at]}/cancel`);
      toast(`Canceled ${counted(places.length, "task")}.`, { undo: () => requeue(places) });
      clear();
    });
  };
  const zoomAll = (by) => { for (const each of grids) each.grid.zoom(by); };
  key("+", "Larger cells", () => zoomAll(1));
  key("-", "Smaller cells", () => zoomAll(-1));
  key("r", "Requeue the selected tasks", () => selection.length && mayChange(model.job) && requeue(selection.filter((at) => "cfx".includes(model.grid.status[at]))));

  model.addEventListener("grid", build);
  model.addEventListener("cells", changed);
  model.addEventListener("job", changed);
  return element;
}
