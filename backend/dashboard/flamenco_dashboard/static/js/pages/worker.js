// One worker: its machine, what it does, what it did, and what is asked of it.
import { all, get, may } from "../core/api.js";
import { h, fill, say, steadily } from "../core/dom.js";
import { ago, counted, duration, exactly, megabytes, moment, percent } from "../core/format.js";
import { given, main } from "../core/frame.js";
import { listen, on, onReset } from "../core/live.js";
import { complainUnlessAway } from "../core/toast.js";
import { timeChart } from "../parts/chart.js";
import { badge } from "../parts/states.js";
import { machineLog } from "../parts/worker/machinelog.js";
import { buttons, failureRate, pending, stateOf, toneOf } from "../parts/worker/orders.js";
import { scheduleCard } from "../parts/worker/schedule-dialog.js";

const id = given.worker;
const title = h("h1"), state = h("span"), actions = h("div.end"), facts = h("div.facts.muted"), why = h("p.problem", { role: "status", hidden: true });
const current = h("div"), machine = h("div"), schedule = h("div"), runs = h("div.scroll-x"), day = h("p.muted"), logged = h("div");
const chart = timeChart({ series: [{ label: "busy", colour: "processing", fill: "processing-soft", bars: true }], most: 100, values: (value) => `${value} %`, name: "Share of each hour that it rendered, over the last day" });
const card = (name, ...inside) => h("section.card", {}, h("h2", {}, name), inside);
fill(main, h("div.head", {}, h("div.grow", {}, h("div.row", {}, h("a.muted", { href: "/workers" }, "Workers /"), title, state), facts), actions), why,
  h("div.cards", {}, card("Now", current), card("Machine", machine), card("Sleep schedule", schedule), card("The last day", day, chart.element)), h("div.gap"), logged, h("div.gap"), card("Past runs", runs));

let worker = null;
function draw() {
  if (!logged.hasChildNodes()) fill(logged, machineLog(`/workers/${id}/log`, worker.name, "its manager"));
  document.title = `${worker.name} · Flamenco`;
  say(title, worker.name);
  fill(state, badge(toneOf(worker), stateOf(worker)), worker.tags.map((tag) => h("span.tag", {}, tag)));
  fill(facts, `${worker.id} · joined ${moment(worker.created_at)} · seen `, h("time", { title: exactly(worker.last_seen_at) }, ago(worker.last_seen_at)), pending(worker) ? h("strong", {}, ` · ${pending(worker)}`) : "");
  why.hidden = !worker.reason;
  say(why, worker.reason);
  fill(actions, may("supervisor") ? buttons(() => [worker]) : "");
  fill(current, worker.current.length ? h("ul.plain", {}, worker.current.map((now) => h("li", {}, h("a", { href: `/jobs/${now.job}/tasks/${now.task}` }, `${now.job_name} ${now.label}`), ` ${now.step}, for ${duration((Date.now() - new Date(now.since)) / 1000)}${now.progress ? `, ${percent(now.progress)}` : ""}`, now.activity ? h("div.hint", {}, now.activity) : ""))) : h("p.muted", {}, "Nothing."));
  const can = worker.abilities ?? {};
  fill(machine, h("table.plain", {}, [["Host", can.hostname], ["Platform", can.platform], ["Cores", can.cores], ["Memory", megabytes(can.memory_mb)], ["GPU", (can.gpus ?? []).map((gpu) => `${gpu.name} (${gpu.backend})`).join(", ") || "none"],
    ["Blender", (can.blenders ?? []).map((each) => each.version).join(", ") || "none"], ["ffmpeg", can.ffmpeg_version || (can.ffmpeg ? "yes" : "none")], ["Work folder", can.work_dir], ["Flamenco", can.version]]
    .map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, String(value ?? "–"))))));
  const rate = failureRate(worker);
  say(day, `${counted(worker.last_day.completed, "task")} done, ${counted(worker.last_day.frames, "frame")}, ${rate === null ? "none failed" : `${percent(rate)} failed`}, busy for ${duration(worker.last_day.busy_seconds)}.`);
  scheduleCard(schedule, worker, load);
}
function drawRuns(list) {
  fill(runs, list.length ? h("table.plain", {}, h("tr", {}, ["Task", "State", "Began", "Took", "Memory", "Why"].map((text) => h("th", {}, text))), list.map((run) => h("tr", {},
    h("td", {}, h("a", { href: `/jobs/${run.job}/tasks/${run.task}` }, `Job ${run.job}, ${run.step}`)), h("td", {}, badge(run.status)), h("td", {}, h("time", { title: exactly(run.started_at) }, moment(run.started_at))),
    h("td.num", {}, run.finished_at ? duration((new Date(run.finished_at) - new Date(run.started_at)) / 1000) : "–"), h("td.num", {}, megabytes(run.peak_memory_mb)), h("td", {}, run.reason)))) : h("p.empty", {}, "It has not worked yet."));
}
async function load() {
  try {
    const [found, past, history] = await Promise.all([get(`/workers/${id}`), get("/runs", { worker: id, limit: 50 }), get(`/workers/${id}/history`, { hours: 24 })]);
    worker = found;
    draw();
    drawRuns(past.items);
    chart.draw([history.at.map((text) => new Date(text) / 1000), history.busy_seconds.map((seconds) => Math.min(100, (100 * seconds) / history.slot_seconds))]);
  } catch (error) {
    if (error.status === 404) fill(main, h("div.empty", {}, h("h1", {}, "There is no such worker"), h("p", {}, h("a", { href: "/workers" }, "To the workers"))));
    else complainUnlessAway(error);
  }
}
const soon = steadily(load, 600);
on("worker", (event) => event.object_id === id && soon());
on("task", (event) => event.data.worker === id && soon());
onReset(load);
await listen();
await load();
