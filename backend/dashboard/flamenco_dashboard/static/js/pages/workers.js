// The workers: a live table, and what can be asked of many at once.
import { all, get, may } from "../core/api.js";
import { h, fill, later, say, steadily } from "../core/dom.js";
import { ago, counted, duration, exactly, megabytes, percent } from "../core/format.js";
import { main } from "../core/frame.js";
import { key } from "../core/keys.js";
import { listen, on, onReset } from "../core/live.js";
import { complainUnlessAway } from "../core/toast.js";
import { change, view } from "../core/url.js";
import { badge } from "../parts/states.js";
import { columnButton, table } from "../parts/table.js";
import { buttons, failureRate, pending, stateOf, toneOf } from "../parts/worker/orders.js";
import { inWords } from "../parts/worker/schedule-dialog.js";

const STATES = ["rendering", "idle", "asleep", "offline", "error", "disabled"];
const workers = new Map();
const managers = new Map();
let made;

const summary = h("span.muted", { role: "status" });
const search = h("input.search", { type: "search", placeholder: "Search name, tag, Blender, GPU…", value: view().search ?? "", "aria-label": "Search workers" });
const chips = STATES.map((state) => h("button.chip", { type: "button", data: { state: toneOf({ enabled: state !== "disabled", state: state === "rendering" || state === "idle" ? "awake" : state, current: state === "rendering" ? [1] : [] }) }, "aria-pressed": "false", onclick: () => toggle(state) }, state, h("span.num.chip-count")));
const tools = h("div.end", {}, may("supervisor") ? h("a.button.primary", { href: "/managers#add" }, "Add a worker") : "");
const bulk = h("div.bulk.row", { hidden: true, role: "toolbar", "aria-label": "Selected workers" });
const place = h("div.live-table.worker-table");
fill(main, h("div.head", {}, h("h1", {}, "Workers"), summary, tools), h("div.filters.row", {}, search, h("div.chips.row", { role: "group", "aria-label": "States" }, chips)), bulk, place);

const can = (cell) => cell.getData().abilities ?? {};
const COLUMNS = [
  { title: "", field: "select", width: 40, minWidth: 40, headerSort: false, formatter: "rowSelection", titleFormatter: "rowSelection", hozAlign: "center", cellClick: (event) => event.stopPropagation() },
  { title: "Name", field: "name", minWidth: 130, widthGrow: 1, formatter: nameCell },
  { title: "State", field: "state", width: 136, formatter: stateCell, sorter: (_a, _b, one, other) => STATES.indexOf(stateOf(one.getData())) - STATES.indexOf(stateOf(other.getData())) },
  { title: "Renders", field: "current", minWidth: 220, widthGrow: 2, formatter: workCell, headerSort: false },
  { title: "Site", field: "manager", width: 110, formatter: (cell) => h("a", { href: `/managers/${cell.getValue()}` }, managers.get(cell.getValue())?.name ?? String(cell.getValue())) },
  { title: "Blender", field: "blenders", width: 110, headerSort: false, formatter: (cell) => h("span", {}, (can(cell).blenders ?? []).map((each) => each.version).join(", ") || "none") },
  { title: "Machine", field: "machine", width: 160, headerSort: false, formatter: (cell) => h("span.num", {}, `${can(cell).cores ?? "?"} cores, ${megabytes(can(cell).memory_mb)}`) },
  { title: "GPU", field: "gpu", minWidth: 90, headerSort: false, formatter: (cell) => h("span", {}, (can(cell).gpus ?? []).map((gpu) => gpu.name).join(", ") || "–") },
  { title: "Failed", headerTooltip: "Of its runs in the last 24 hours", field: "failure", width: 92, hozAlign: "right", formatter: failureCell, sorter: (_a, _b, one, other) => (failureRate(one.getData()) ?? -1) - (failureRate(other.getData()) ?? -1) },
  { title: "Seen", field: "last_seen_at", width: 130, formatter: (cell) => h("time", { datetime: cell.getValue(), title: exactly(cell.getValue()) }, ago(cell.getValue())) },
  { title: "Frames today", field: "frames", width: 116, hozAlign: "right", optional: true, formatter: (cell) => cell.getData().last_day.frames.toLocaleString() },
  { title: "Sleeps", field: "schedule", minWidth: 150, optional: true, headerSort: false, formatter: (cell) => h("span", { title: cell.getData().orders?.schedule }, inWords(cell.getData().orders?.schedule ?? "")) },
  { title: "Version", field: "version", width: 110, optional: true, headerSort: false, formatter: (cell) => h("span", {}, can(cell).version ?? "") },
];
function nameCell(cell) {
  const { id, name, tags } = cell.getData();
  return h("div.name-cell", {}, h("div.cut", {}, h("a", { href: `/workers/${id}` }, name)), tags.length ? h("div.cut.tags", { title: tags.join(", ") }, tags.map((tag) => h("span.tag", {}, tag))) : "");
}
function stateCell(cell) {
  const worker = cell.getData();
  const more = worker.reason || pending(worker);
  return h("div", { title: more }, badge(toneOf(worker), stateOf(worker)), more ? h("div.hint.cut", {}, more) : "");
}
function workCell(cell) {
  const worker = cell.getData();
  if (!worker.current.length) return h("span.muted", {}, worker.state === "error" || !worker.enabled ? worker.reason || "–" : "–");
  return h("div", {}, worker.current.map((now) => h("div.cut", {}, h("a", { href: `/jobs/${now.job}/tasks/${now.task}` }, `${now.job_name} ${now.label}`), h("span.hint", {}, ` ${now.step}${now.progress ? `, ${percent(now.progress)}` : ""}, for ${duration((Date.now() - new Date(now.since)) / 1000)}`))));
}
function failureCell(cell) {
  const rate = failureRate(cell.getData());
  return h(`span.num${rate > 0.1 ? ".failed-count" : ""}`, { title: `${counted(cell.getData().last_day.failed, "failed run")} in the last 24 hours` }, rate === null ? "–" : percent(rate));
}

const shownStates = () => new Set((view().state ?? "").split(",").filter(Boolean));
function toggle(state) {
  const shown = shownStates();
  if (!shown.delete(state)) shown.add(state);
  change({ state: [...shown].join(",") });
  refilter();
}
function fits(worker) {
  const shown = shownStates();
  if (shown.size && !shown.has(stateOf(worker))) return false;
  const words = (view().search ?? "").toLowerCase().split(/\s+/);
  const machine = worker.abilities ?? {};
  const text = [worker.name, worker.id, ...worker.tags, managers.get(worker.manager)?.name, machine.hostname, ...(machine.gpus ?? []).map((gpu) => gpu.name), ...(machine.blenders ?? []).map((each) => each.version)].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}
function refilter() {
  const shown = shownStates();
  for (const [at, chip] of chips.entries()) chip.setAttribute("aria-pressed", String(shown.has(STATES[at])));
  made.setFilter(fits);
  count();
}
function count() {
  const counts = {};
  for (const worker of workers.values()) counts[stateOf(worker)] = (counts[stateOf(worker)] ?? 0) + 1;
  for (const [at, chip] of chips.entries()) say(chip.querySelector(".chip-count"), counts[STATES[at]] ? ` ${counts[STATES[at]]}` : "");
  const active = made.getDataCount("active");
  say(summary, active === workers.size ? counted(workers.size, "worker") : `${active} of ${counted(workers.size, "worker")}`);
}
search.addEventListener("input", later(() => { change({ search: search.value.trim() }); refilter(); }, 120));

function drawBulk() {
  const those = made.getSelectedData();
  bulk.hidden = !those.length;
  if (!those.length) return;
  fill(bulk, h("strong", {}, `${counted(those.length, "worker")} selected`), may("supervisor") ? buttons(() => made.getSelectedData()) : h("span.muted", {}, "Supervisors may change workers."), h("button.quiet", { type: "button", onclick: () => made.deselectRow() }, "Clear"));
}
function clicked(event, row) {
  if (event.target.closest("a,button,input")) return;
  if (!event.ctrlKey && !event.metaKey && !event.shiftKey) made.deselectRow();
  row.toggleSelect();
}
key("/", "Search", () => search.focus());
key("Escape", "Clear the selection", () => made.deselectRow());

async function load() {
  try {
    const [list, sites] = await Promise.all([all("/workers"), get("/managers", { limit: 1000 })]);
    for (const site of sites.items) managers.set(site.id, site);
    workers.clear();
    for (const worker of list) workers.set(worker.id, worker);
    const kept = made.getSelectedData().map((worker) => worker.id);
    await made.replaceData(list);
    made.selectRow(kept.filter((id) => workers.has(id)));
    refilter();
    drawBulk();
  } catch (error) { complainUnlessAway(error); }
}
const soon = steadily(load, 500);
made = await table(place, { name: "workers", label: "Workers", columns: COLUMNS, sort: [{ column: "name", dir: "asc" }], rowHeight: 52, selectableRows: true, empty: "No worker here." });
made.on("rowSelectionChanged", drawBulk);
made.on("rowClick", clicked);
tools.append(columnButton(made, "workers"));
on("worker", soon);
on("task", soon);
onReset(load);
await listen();
await load();
