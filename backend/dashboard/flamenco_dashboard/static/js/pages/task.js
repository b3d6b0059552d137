// One task: its attempts, one or two of them in whole, and the way to its neighbours.
import { all, get, mayChange, post } from "../core/api.js";
import { h, fill, say, steadily } from "../core/dom.js";
import { ask } from "../core/dialog.js";
import { duration, exactly, megabytes, moment } from "../core/format.js";
import { given, main } from "../core/frame.js";
import { key } from "../core/keys.js";
import { listen, on, onReset } from "../core/live.js";
import { attempt, complain, toast } from "../core/toast.js";
import { change, view } from "../core/url.js";
import { badge } from "../parts/states.js";
import { runView } from "../parts/task/run.js";

const jobId = Number(given.job), taskId = Number(given.task);
let job = null, task = null, runs = [], workers = new Map();
let grid = null;
const views = new Map(); // run id to its view
let latest = true; // no run was chosen: the newest is shown, also when another begins

const crumb = h("a", { href: `/jobs/${jobId}` });
const title = h("h1.cut");
const state = h("span");
const facts = h("div.muted");
const previous = h("a.button", { hidden: true, title: "Previous task ([)" }, "‹ Previous");
const next = h("a.button", { hidden: true, title: "Next task (])" }, "Next ›");
const actions = h("span.row");
const attempts = h("section.card.attempts", { "aria-label": "Attempts" });
const body = h("div.runs");

// Nothing is seen before the task is known, so that nothing jumps then.
const page = h("div.unready", {}, h("div.head.task-head", {}, h("div.grow", {}, h("div.row", {}, h("nav.crumbs", { "aria-label": "Where this is" }, h("a", { href: "/jobs" }, "Jobs"), " / ", crumb, " / "), title, state), facts), h("div.end", {}, previous, next, actions)),
  attempts, body);
fill(main, page);

// ---- the head ----

const label = () => (grid && gridAt() >= 0 ? grid.label[gridAt()] : task.params.frames ? String(task.params.frames) : "");
const gridAt = () => (grid ? grid.at : -1);

function draw() {
  const frames = label();
  const name = `${task.step}${frames ? ` ${frames}` : ""}`;
  document.title = `${name} of ${job.name} · Flamenco`;
  page.classList.remove("unready");
  say(crumb, job.name);
  say(title, name);
  fill(state, badge(task.status));
  fill(facts, [task.attempts ? `${task.attempts === 1 ? "1 attempt" : `${task.attempts} attempts`}` : "not begun", task.failures ? `${task.failures} failed` : "", task.losses ? `${task.losses} lost by their machines` : "",
    task.status === "processing" && task.progress !== null ? `${Math.round(task.progress * 100)} %` : "", task.status === "processing" ? task.activity : ""].filter(Boolean).join(" · "));
  const mine = mayChange(job);
  const ended = ["completed", "failed", "canceled"].includes(task.status);
  const mark = `${mine} ${ended}`;
  if (actions.dataset.mark !== mark) fill(actions, mine ? h("button", { type: "button", disabled: !ended, title: "Do it again (r)", onclick: requeue }, "Requeue") : "", mine ? h("button.danger", { type: "button", disabled: ended, onclick: cancel }, "Cancel") : "");
  actions.dataset.mark = mark;
  drawAttempts();
  drawRuns();
}

const chosen = () => {
  const wanted = view();
  const first = runs.find((run) => run.id === wanted.run) ?? runs[0];
  return [first, runs.find((run) => run.id === wanted.beside && run !== first)].filter(Boolean);
};

function drawAttempts() {
  const [first, second] = chosen();
  attempts.hidden = runs.length < 2;
  if (attempts.hidden) return;
  const focused = document.activeElement?.dataset?.choice;
  const rows = runs.map((run) => {
    const took = (new Date(run.finished_at ?? run.updated_at) - new Date(run.started_at)) / 1000;
    const pick = (role, checked, text) => h("button.quiet", { type: "button", "aria-pressed": String(checked), "aria-label": `${text} attempt ${run.attempt}`, data: { choice: `${role} ${run.id}` }, onclick: () => choose(role, run, checked) }, text);
    return h("tr", { data: { chosen: run === first || run === second } }, h("td.num", {}, `Attempt ${run.attempt}`), h("td", {}, badge(run.status)), h("td", {}, h("a", { href: `/workers/${encodeURIComponent(run.worker)}` }, workers.get(run.worker) ?? run.worker)),
      h("td", {}, h("time", { datetime: run.started_at, title: exactly(run.started_at) }, moment(run.started_at))), h("td.num", {}, duration(took)), h("td.num", {}, megabytes(run.peak_memory_mb)), h("td.reason", { title: run.reason }, run.reason || "–"),
      h("td.choices", {}, pick("run", run === first, "Show"), run === first ? "" : pick("beside", run === second, "Beside")));
  });
  fill(attempts, h("h2", {}, "Attempts"), h("div.scroll-x", { tabIndex: 0, role: "region", "aria-label": "All attempts" }, h("table.plain", {}, h("tr", {}, ["Attempt", "State", "Worker", "Began", "Took", "Memory", "Why it failed", ""].map((text) => h("th", {}, text || h("span.unseen", {}, "Choose")))), rows)));
  if (focused) attempts.querySelector(`[data-choice="${CSS.escape(focused)}"]`)?.focus();
}

function choose(role, run, was) {
  if (role === "run") { latest = false; change({ run: run.id, beside: view().beside === run.id ? "" : view().beside }); } else change({ beside: was ? "" : run.id, run: chosen()[0].id });
  draw();
}

async function drawRuns() {
  const wanted = chosen();
  for (const [id, shown] of views) if (!wanted.some((run) => run.id === id)) { shown.stop(); views.delete(id); }
  if (!wanted.length) {
    const why = { waiting: "It waits for an earlier step.", queued: "It waits for a worker.", canceled: "It was canceled before it began." }[task.status] ?? "";
    fill(body, h("div.card.empty", {}, h("h2", {}, "No attempt yet"), h("p", {}, why || "Nothing ran."), h("p", {}, job.waiting_because ? `${job.waiting_because.charAt(0).toUpperCase()}${job.waiting_because.slice(1)}` : "")));
    return;
  }
  try {
    const whole = await Promise.all(wanted.map((run) => get(`/runs/${run.id}`)));
    for (const run of whole) {
      if (views.has(run.id)) views.get(run.id).update(run);
      else views.set(run.id, runView(run, { job, around: () => around(run), heading: h("h2", {}, runs.length > 1 ? `Attempt ${run.attempt}` : "The run") }));
    }
    const elements = wanted.map((run) => views.get(run.id)?.element).filter(Boolean);
    body.dataset.beside = elements.length > 1;
    if (elements.some((element, at) => body.children[at] !== element) || body.children.length !== elements.length) fill(body, elements);
  } catch (error) { complain(error); }
}

/** The step's tasks for the graph, this one marked, with enough of them on both sides. */
async function around(run) {
  const times = await get(`/jobs/${jobId}/times`);
  await loadGrid();
  const step = grid.steps.indexOf(run.step);
  const newest = new Map(times.task.map((each, at) => [each, at]).reverse());
  const rows = [...newest].map(([each, at]) => ({ at: grid.place.get(each), memory: times.memory_mb[at], seconds: times.seconds[at], own: each === taskId }))
    .filter((row) => row.at !== undefined && grid.step[row.at] === step && row.memory).sort((a, b) => a.at - b.at);
  const here = rows.findIndex((row) => row.own);
  return rows.slice(Math.max(0, here - 100), here + 101).map((row) => ({ ...row, label: grid.label[row.at] || run.step }));
}

// ---- what can be done ----

const requeue = () => attempt(async () => { await post(`/tasks/${taskId}/requeue`); toast("Requeued the task."); await load(); });
async function cancel() {
  if (!(await ask("Cancel the task", "Cancel this task? If it runs, it is stopped.", "Cancel it", { danger: true }))) return;
  await attempt(async () => { await post(`/tasks/${taskId}/cancel`); toast("Canceled the task.", { undo: requeue }); await load(); });
}
key("[", "Previous task", () => previous.hidden || previous.click());
key("]", "Next task", () => next.hidden || next.click());
key("r", "Requeue the task", () => mayChange(job) && ["completed", "failed", "canceled"].includes(task.status) && requeue());
key("e", "Jump to the first error", () => shownLog()?.firstError());
key("/", "Search the log", () => shownLog()?.focusSearch());
key("u", "Up to the job", () => location.assign(`/jobs/${jobId}`));
const shownLog = () => views.get(chosen()[0]?.id)?.log;

// ---- fetching ----

let gridLoading = null;
function loadGrid() {
  gridLoading ??= get(`/jobs/${jobId}/grid`).then((found) => {
    found.place = new Map(found.task.map((each, at) => [each, at]));
    found.at = found.place.get(taskId) ?? -1;
    grid = found;
    for (const [link, by] of [[previous, -1], [next, 1]]) {
      const to = grid.at < 0 ? undefined : grid.task[grid.at + by];
      link.hidden = to === undefined;
      if (to !== undefined) { link.href = `/jobs/${jobId}/tasks/${to}`; link.setAttribute("aria-label", `${by < 0 ? "Previous" : "Next"} task: ${grid.steps[grid.step[grid.at + by]]} ${grid.label[grid.at + by]}`); }
    }
    draw();
  });
  return gridLoading;
}

async function load() {
  const [one, of, list] = await Promise.all([get(`/tasks/${taskId}`), get(`/jobs/${jobId}`), all(`/tasks/${taskId}/runs`, {}, 1000)]);
  if (one.job !== jobId) { location.replace(`/jobs/${one.job}/tasks/${taskId}`); return; }
  [task, job, runs] = [one, of, list.sort((a, b) => b.attempt - a.attempt)];
  if (latest) latest = !view().run;
  draw();
}
const again = steadily(() => load().catch(complain), 500);
// What moves many tasks at once tells of the job only.
const look = steadily(async () => {
  const now = await get(`/tasks/${taskId}`).catch(() => task);
  if (now.status !== task.status || now.run !== task.run) again();
}, 2000);
async function loadWorkers() {
  const page = await get("/workers", { limit: 1000 });
  workers = new Map(page.items.map((worker) => [worker.id, worker.name]));
  if (task) drawAttempts();
}

try {
  await load();
  on("task", (event) => { if (Number(event.object_id) === taskId) { again(); for (const shown of views.values()) shown.log.wake(); } });
  on("job", (event) => { if (event.data.deleted) location.assign("/jobs"); else look(); });
  onReset(again);
  loadWorkers().catch(complain);
  loadGrid().catch(complain);
} catch (error) {
  if (error.status === 404) fill(main, h("div.empty", {}, h("h1", {}, "There is no such task"), h("p", {}, h("a", { href: `/jobs/${jobId}` }, "To the job"))));
  else { complain(error); setTimeout(() => location.reload(), 4000); }
}
listen({ job: jobId }).then(() => task && look()); // it may have changed before the stream was there
