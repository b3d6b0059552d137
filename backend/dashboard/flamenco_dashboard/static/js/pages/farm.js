// The farm now: what renders, what is stuck and why, and when each shot will be done.
import { all, get, may, mayChange, post } from "../core/api.js";
import { h, fill, later, say, steadily } from "../core/dom.js";
import { ago, counted, duration, moment, percent, size } from "../core/format.js";
import { main } from "../core/frame.js";
import { key } from "../core/keys.js";
import { listen, on, onReset } from "../core/live.js";
import { attempt, complainUnlessAway } from "../core/toast.js";
import { timeChart } from "../parts/chart.js";
import { alertList } from "../parts/farm/alerts.js";
import { badge, bar } from "../parts/states.js";

const REFRESH = 15_000; // of what no event tells: history, storage, estimates

// ---- the frame ----

const live = listen();
const welcome = h("section.card.welcome", { "aria-labelledby": "welcome-h", hidden: true },
  h("div.grow", {}, h("h2", { id: "welcome-h" }, "Nothing was rendered here yet"), h("p", {}, "A few steps lead to the first frame; a sample to render is there.")), h("a.button.primary", { href: "/start" }, "First start"));
const figures = h("section.figures", { "aria-label": "In figures" });
const alerts = alertList(() => load());
const active = h("div");
const wallButton = h("button", { type: "button", onclick: wallMode, title: "Large type, for a screen on the wall (f)" }, "Wall");
const wall = h("div.wall");
const newest = h("div.newest-strip");
const wallFacts = h("span.hint");
const charts = {
  busy: timeChart({ series: [{ label: "busy", colour: "processing", fill: "processing-soft" }], most: 100, values: (value) => `${value} %`, name: "Share of the workers' time that was rendered, over the last day" }),
  frames: timeChart({ series: [{ label: "frames", colour: "completed", fill: "completed-soft", bars: true }], values: (value) => String(value), name: "Frames an hour, over the last day" }),
};
const storage = h("div");
fill(main,
  h("div.head", {}, h("h1", {}, "Farm"), h("div.end", {}, wallButton)),
  welcome, figures, alerts.elements,
  h("div.farm-grid", {},
    h("div.farm-column", {},
      card("In the queue", [h("a.push", { href: "/jobs?state=queued,processing,paused" }, "All jobs")], active),
      card("Newest frames", [], newest)),
    h("div.farm-column", {},
      card("Workers", [wallFacts, h("a.push", { href: "/workers" }, "All workers")], wall),
      card("Utilisation", [], charts.busy.element),
      card("Frames an hour", [], charts.frames.element),
      card("Storage", [], storage))));

function card(title, beside, content) {
  const id = `card-${title.replaceAll(" ", "-").toLowerCase()}`;
  return h("section.card", { "aria-labelledby": id }, h("div.row", {}, h("h2", { id }, title), beside), content);
}
function wallMode() {
  const on = document.body.classList.toggle("on-the-wall");
  say(wallButton, on ? "Back" : "Wall");
  if (on) document.documentElement.requestFullscreen?.().catch(() => {});
  else if (document.fullscreenElement) document.exitFullscreen();
}
key("f", "Large type, for a screen on the wall", wallMode);

// ---- figures ----

function drawFarm(farm) {
  const { workers, jobs, tasks, queue, last_hour: hour } = farm;
  const there = workers.awake + workers.asleep;
  fill(figures,
    figure(`${workers.busy} of ${there}`, "workers render", trouble(workers), "/workers"),
    figure(jobs.processing.toLocaleString(), jobs.processing === 1 ? "job renders" : "jobs render", [jobs.queued && `${jobs.queued.toLocaleString()} queued`, jobs.paused && `${jobs.paused.toLocaleString()} paused`].filter(Boolean).join(", ") || "nothing else waits", "/jobs?state=queued,processing,paused"),
    figure(jobs.failed >= 1000 ? "1,000+" : jobs.failed.toLocaleString(), jobs.failed === 1 ? "job failed" : "jobs failed", jobs.failed ? "look why" : "all is well", "/jobs?state=failed", jobs.failed ? "failed" : ""),
    figure(hour.frames.toLocaleString(), "frames in the last hour", hour.busy_share === null ? "nobody was there to work" : `workers busy ${percent(hour.busy_share)} of the time`, ""),
    figure(queue.seconds === null ? (tasks.queued + tasks.processing + tasks.waiting ? "?" : "empty") : duration(queue.seconds), "until the queue is empty",
      queue.seconds ? `at ${moment(new Date(Date.now() + queue.seconds * 1000).toISOString())}${queue.unmeasured_tasks ? `, and ${counted(queue.unmeasured_tasks, "task")} not measured yet` : ""}` : queue.unmeasured_tasks ? `${counted(queue.unmeasured_tasks, "task")} not measured yet` : "nothing to do", ""));
  alerts.draw(farm.alerts);
  drawStorage(farm.storage);
}
const trouble = (workers) => [workers.asleep && `${workers.asleep} asleep`, workers.offline && `${workers.offline} offline`, workers.error && `${workers.error} in error`, workers.disabled && `${workers.disabled} disabled`].filter(Boolean).join(", ") || "all are awake";
function figure(value, what, more, href, state = "") {
  const inside = [h("span.big", {}, value), h("span.what", {}, what), h("span.hint", {}, more)];
  return href ? h("a.card.figure", { href, data: state ? { state } : {} }, inside) : h("div.card.figure", {}, inside);
}
function drawStorage(found) {
  const used = found.disk_bytes ? 1 - found.disk_free_bytes / found.disk_bytes : null;
  fill(storage, h("p", {}, h("strong.num", {}, size(found.files_bytes)), ` in ${counted(found.files, "file")}`),
    used === null ? h("p.hint", {}, `The files lie in ${found.place}.`) : [
      h("div.bar.disk", { role: "img", "aria-label": `The disk is ${percent(used)} full` }, h("span", { data: { state: used > 0.9 ? "failed" : "processing" }, style: { width: `${used * 100}%` } })),
      h("p.hint.num", {}, `${size(found.disk_free_bytes)} free of ${size(found.disk_bytes)} (${found.place})`)],
    h("a", { href: "/settings/storage" }, may("admin") ? "Clean up" : "More"));
}

// ---- jobs and workers ----

const jobs = new Map();
const ORDER = { processing: 0, queued: 1, paused: 2 };
function drawJobs() {
  const list = [...jobs.values()].sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.priority - a.priority || a.id - b.id);
  fill(active, list.length ? h("ul.job-list", {}, list.slice(0, 12).map(jobRow)) : h("p.empty", {}, "The queue is empty."),
    list.length > 12 ? h("p.hint", {}, `and ${counted(list.length - 12, "more job")}`) : "");
}
function jobRow(job) {
  const why = job.state === "paused" && mayChange(job) ? h("button", { type: "button", onclick: () => attempt(() => post(`/jobs/${job.id}/resume`)) }, "Resume") : "";
  return h("li", {}, job.thumbnail ? h("img.picture", { src: `/api/files/${job.thumbnail}`, alt: "" }) : h("span.no-picture"),
    h("div.grow", {}, h("div.row", {}, h("a.cut.grow", { href: `/jobs/${job.id}` }, job.name), badge(job.state)), bar(job.counts, job.total),
      h("div.hint.num", {}, `${percent(job.progress)} of ${counted(job.total, "task")}`, job.counts.failed ? h("span.failed-count", {}, ` · ${job.counts.failed} failed`) : "", job.eta_seconds ? ` · ${duration(job.eta_seconds)} left, until ${moment(new Date(Date.now() + job.eta_seconds * 1000).toISOString())}` : "", ` · priority ${job.priority} · ${job.owner}`)), why);
}

const workers = new Map();
function drawWall() {
  const list = [...workers.values()].sort((a, b) => Number(b.current.length > 0) - Number(a.current.length > 0) || a.name.localeCompare(b.name, undefined, { numeric: true }));
  wall.classList.toggle("many", list.length > 24);
  fill(wall, list.length ? list.map(tile) : h("p.empty", {}, "There is no worker yet. ", may("supervisor") ? h("a", { href: "/start" }, "Add one") : "Ask a supervisor to add one."));
  const states = Object.groupBy(list, stateOf);
  say(wallFacts, SAID.filter(([state]) => states[state]).map(([state, text]) => `${states[state].length} ${text}`).join(", "));
}
const SAID = [["rendering", "rendering"], ["idle", "idle"], ["asleep", "asleep"], ["offline", "offline"], ["error", "in error"], ["disabled", "disabled"]];
const stateOf = (worker) => (!worker.enabled ? "disabled" : worker.current.length ? "rendering" : worker.state === "awake" ? "idle" : worker.state);
function tile(worker) {
  const now = worker.current[0];
  const state = !worker.enabled ? "canceled" : now ? "processing" : worker.state;
  const text = now && worker.enabled ? `${now.job_name} ${now.label}` : stateOf(worker) === "error" ? `error: ${worker.reason}` : stateOf(worker);
  const progress = now?.progress ? h("span.tile-progress", { style: { width: `${now.progress * 100}%` } }) : "";
  return h("a.tile", { href: `/workers/${worker.id}`, data: { state }, title: `${worker.name}: ${now ? `${now.job_name}, ${now.step} ${now.label}, since ${ago(now.since)}` : text}${worker.reason ? ` (${worker.reason})` : ""}` },
    h("strong.cut", {}, worker.name), h("span.cut", {}, text), progress);
}

// ---- live ----

async function load() {
  try {
    const [farm, list, machines] = await Promise.all([get("/farm"), all("/jobs", { state: "queued,processing,paused", archived: false }, 2000), all("/workers", {}, 2000)]);
    jobs.clear();
    for (const job of list) jobs.set(job.id, job);
    workers.clear();
    for (const worker of machines) workers.set(worker.id, worker);
    drawFarm(farm);
    drawJobs();
    drawWall();
  } catch (error) { complainUnlessAway(error); }
}
async function loadHistory() {
  try {
    const [fine, hourly] = await Promise.all([get("/farm/history", { hours: 24 }), get("/farm/history", { hours: 24, slot_minutes: 60 })]);
    const at = (history) => history.at.map((text) => new Date(text) / 1000);
    const began = at(fine);
    // The slot that goes on is as long as it lasts yet, or the farm would seem to stop just now.
    const lasted = began.map((moment_) => Math.min(fine.slot_seconds, Math.max(10, Date.now() / 1000 - moment_)));
    charts.busy.draw([began, fine.busy_seconds.map((seconds, slot) => (fine.workers[slot] ? Math.min(100, (100 * seconds) / (fine.workers[slot] * lasted[slot])) : fine.workers[slot] === 0 ? 0 : null))]);
    charts.frames.draw([at(hourly), hourly.frames]);
  } catch (error) { complainUnlessAway(error); }
}
const fresh = steadily(async () => {
  const ids = [...changed];
  changed.clear();
  try {
    if (ids.length) for (const job of (await get("/jobs", { ids: ids.slice(0, 200).join(","), limit: 1000 })).items) (job.state in ORDER && !job.archived ? jobs.set(job.id, job) : jobs.delete(job.id));
    drawJobs();
  } catch (error) { complainUnlessAway(error); }
}, 300);
const loadFarm = async () => { try { drawFarm(await get("/farm")); } catch (error) { complainUnlessAway(error); } };
const [farmAtOnce, farmAtLast] = [steadily(loadFarm, 1500), later(loadFarm, 2500)];
/** Now, and once more when it is quiet: what the server says of the whole farm is two seconds old at most. */
const farmSoon = () => { farmAtOnce(); farmAtLast(); };
const workersSoon = steadily(async () => {
  try {
    for (const worker of await all("/workers", {}, 2000)) workers.set(worker.id, worker);
    drawWall();
  } catch (error) { complainUnlessAway(error); }
}, 700);
const changed = new Set();
on("job", (event) => { if (event.data.deleted) jobs.delete(event.job_id); else changed.add(event.job_id); fresh(); farmSoon(); });
on("worker", () => { workersSoon(); farmSoon(); });
on("task", () => workersSoon());
const shown = [];
on("output", (event) => {
  welcome.hidden = true;
  const { thumbnail, frame } = event.data;
  if (!thumbnail) return;
  shown.unshift({ thumbnail, frame, job: event.job_id });
  shown.length = Math.min(shown.length, 12);
  fill(newest, shown.map((each) => h("a", { href: `/jobs/${each.job}#outputs`, title: `Frame ${each.frame ?? ""} of ${jobs.get(each.job)?.name ?? `job ${each.job}`}` }, h("img", { src: `/api/files/${each.thumbnail}`, alt: `Frame ${each.frame ?? ""}`, loading: "lazy" }))));
});
onReset(() => { load(); loadHistory(); });

await live;
await load();
if (!newest.childElementCount) {
  const pictures = [...jobs.values()].filter((job) => job.thumbnail).slice(0, 12);
  fill(newest, pictures.length ? pictures.map((job) => h("a", { href: `/jobs/${job.id}#outputs`, title: job.name }, h("img", { src: `/api/files/${job.thumbnail}`, alt: `The newest frame of ${job.name}` }))) : h("p.empty", {}, "Frames show up here as they come."));
}
if (!jobs.size) welcome.hidden = (await get("/jobs", { limit: 1 }).catch(() => ({ items: [0] }))).items.length > 0;
await loadHistory();
setInterval(() => { if (!document.hidden) { load(); loadHistory(); } }, REFRESH);
