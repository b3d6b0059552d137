// The jobs: a live table of all of them, from which a supervisor steers.
import { all, get, mayChange, me } from "../core/api.js";
import { h, fill, later, say, steadily } from "../core/dom.js";
import { form } from "../core/dialog.js";
import { counted } from "../core/format.js";
import { main } from "../core/frame.js";
import { key } from "../core/keys.js";
import { listen, on, onReset } from "../core/live.js";
import { complainUnlessAway, toast } from "../core/toast.js";
import { change, view } from "../core/url.js";
import { ACTIONS, act, remove, setPriority } from "../parts/jobactions.js";
import { columns } from "../parts/jobs/columns.js";
import { filters, fits } from "../parts/jobs/filters.js";
import { savedViews } from "../parts/jobs/views.js";
import { walking } from "../parts/jobs/walking.js";
import { columnButton, table } from "../parts/table.js";

const NEWEST_FIRST = "-created_at";
const jobs = new Map();
const early = []; // what is told before the table is there
let hear = (event) => early.push(event);
on("job", (event) => hear(event));
const live = listen();
const wanted = () => ({ archived: view().archived === "1" ? undefined : false });
const newest = () => get("/jobs", { ...wanted(), limit: 300 });
const first = live.then(newest); // while the table is made
first.catch(() => {});

// ---- the frame ----

const summary = h("span.muted", { role: "status" });
const bulk = h("div.bulk.row", { hidden: true, role: "toolbar", "aria-label": "Selected jobs" });
const place = h("div.live-table.jobs-table");
const tools = h("div.end", {}, savedViews(openView));
const filter = filters((name) => (name === "archived" ? load() : refilter()));
fill(main, h("div.head", {}, h("h1", {}, "Jobs"), summary, tools), h("div.filters.row", {}, filter.elements), bulk, place);
filter.show();

const made = await table(place, {
  name: "jobs", label: "Jobs", columns: columns((job) => askPriority([job])), sort: sorting(), rowHeight: 54, movableRows: me.role !== "viewer", selectableRows: true,
  empty: "No jobs here. Submit one from Blender with Render on Flamenco, or with flamenco submit.",
});
const walk = walking(made);
tools.append(columnButton(made, "jobs"));

// ---- what is shown ----

function sorting() {
  const wanted = view().sort ?? NEWEST_FIRST;
  return [wanted.startsWith("-") ? { column: wanted.slice(1), dir: "desc" } : { column: wanted, dir: "asc" }];
}
function refilter() {
  filter.show();
  made.setFilter(fits);
  count();
}
const count = later(() => {
  filter.count(jobs.values());
  const shown = made.getDataCount("active");
  say(summary, shown === jobs.size ? counted(jobs.size, "job") : `${shown.toLocaleString()} of ${counted(jobs.size, "job")}`);
}, 50);
function openView(query) {
  const before = view().archived;
  history.replaceState(null, "", location.pathname + query.replace(/^\?$/, ""));
  made.setSort(sorting());
  if (before !== view().archived) load(); else refilter();
}
made.on("dataSorted", (sorters) => {
  if (sorters.length) change({ sort: `${sorters[0].dir === "desc" ? "-" : ""}${sorters[0].field}`.replace(NEWEST_FIRST, "") });
});

// ---- priority ----

async function askPriority(those) {
  const input = h("input", { type: "number", min: 0, max: 1000, step: 1, required: true, value: those[0].priority, name: "priority" });
  const priority = await form("Priority", h("label", {}, "Higher comes first, 0 to 1000", input), "Set it", () => input.valueAsNumber);
  if (priority !== null) await setPriority(those, priority);
}
async function moved(row) {
  const job = row.getData();
  const above = row.getPrevRow() && row.getPrevRow().getData();
  const below = row.getNextRow() && row.getNextRow().getData();
  const [sort] = made.getSorters();
  const ordered = sort?.field === "priority" && sort.dir === "desc";
  if (!mayChange(job) || !ordered) {
    toast(ordered ? "You may not change this job." : "Rows can be dragged when the highest priority is on top: press Priority in the head of the table.", { tone: "queued" });
    return load();
  }
  // In the middle of its neighbours; beside the end of the list, ten more or less.
  const high = above ? above.priority : Math.min(1000, (below?.priority ?? 50) + 10);
  const low = below ? below.priority : Math.max(0, high - 10);
  await setPriority([job], Math.max(low, Math.min(high, Math.ceil((high + low) / 2))));
}
made.on("rowMoved", moved);

// ---- the selection ----

const selected = () => made.getSelectedData();
function drawBulk() {
  const those = selected();
  bulk.hidden = !those.length;
  if (!those.length) return;
  const mine = those.filter(mayChange);
  const buttons = Object.entries(ACTIONS).filter(([, action]) => action.label).map(([name, action]) =>
    h("button", { type: "button", disabled: !mine.some(action.can), onclick: () => act(name, selected()) }, action.label));
  fill(bulk, h("strong", {}, `${counted(those.length, "job")} selected`), mine.length ? buttons : h("span.muted", {}, "You may not change these."),
    mine.length ? h("button", { type: "button", onclick: () => askPriority(selected()) }, "Priority…") : "",
    mine.length ? h("button.danger", { type: "button", onclick: () => remove(selected()) }, "Delete…") : "",
    h("button.quiet", { type: "button", onclick: () => made.deselectRow() }, "Clear"));
}
made.on("rowSelectionChanged", drawBulk);
made.on("rowClick", walk.clicked);
made.on("rowDblClick", (_event, row) => location.assign(`/jobs/${row.getIndex()}`));
key("j", "Next job", () => walk.step(1));
key("k", "Previous job", () => walk.step(-1));
key("x", "Select the job", walk.toggle);
key(" ", "Pause or resume the selected jobs, or the current one", () => {
  const those = selected().length ? selected() : walk.current() !== null ? [jobs.get(walk.current())] : [];
  if (those.length) act(those.some(ACTIONS.pause.can) ? "pause" : "resume", those);
});
key("Enter", "Open the job", () => walk.current() !== null && location.assign(`/jobs/${walk.current()}`));
key("/", "Search", () => filter.search.focus());
key("Escape", "Clear the selection", () => made.deselectRow());

// ---- live ----

const MANY = 30; // rows that go at once: from there on the table is filled anew, as it draws after each that it takes away
const changed = new Set(), dirty = new Set(), leaving = new Set();
const refresh = steadily(async () => {
  const ids = [...changed];
  changed.clear();
  try {
    for (let at = 0; at < ids.length; at += 200) take((await get("/jobs", { ids: ids.slice(at, at + 200).join(","), limit: 1000 })).items);
  } catch (error) { for (const id of ids) changed.add(id); complainUnlessAway(error); }
}, 300);
/** Bring to the table what happened to rows since it was drawn, all of it in one go. */
const draw = steadily(async () => {
  const [changes, gone] = [[...dirty].filter((id) => jobs.has(id)).map((id) => jobs.get(id)), [...leaving].filter((id) => made.getRow(id))];
  dirty.clear();
  leaving.clear();
  const there = new Set(made.getData().map((job) => job.id));
  if (gone.length > MANY || changes.length > 10 * MANY) await replace();
  else {
    const [known, fresh] = [changes.filter((job) => there.has(job.id)), changes.filter((job) => !there.has(job.id))];
    if (known.length) await made.updateData(known);
    if (fresh.length) await made.addData(fresh);
    if (gone.length) await made.deleteRow(gone);
  }
  resort();
  count();
  drawBulk();
}, 150);
function take(items) {
  const old = view().archived === "1";
  for (const job of items) {
    if (job.archived && !old) { drop(job.id); continue; }
    jobs.set(job.id, job);
    dirty.add(job.id);
  }
  draw();
}
const resort = steadily(() => { made.refreshFilter(); made.setSort(made.getSorters().map(({ field, dir }) => ({ column: field, dir }))); }, 800);
function drop(id) {
  if (jobs.delete(id)) leaving.add(id);
  draw();
}
function heard(event) {
  const job = jobs.get(event.job_id);
  if (event.data.deleted) { drop(event.job_id); return; }
  if (job && event.data.counts) {
    // What the event tells is shown at once; the rest follows.
    const counts = event.data.counts;
    jobs.set(job.id, { ...job, state: event.data.state, counts, progress: job.total ? counts.completed / job.total : 0 });
    dirty.add(job.id);
    draw();
  }
  changed.add(event.job_id);
  refresh();
}

let loading = 0;
async function load(begun = newest()) {
  const mine = ++loading; // a later one wins
  try {
    const { items, next } = await begun;
    if (mine === loading) await show(items);
    if (next) {
      const rest = await all("/jobs", { ...wanted(), cursor: next });
      if (mine === loading) await show([...items, ...rest]);
    }
  } catch (error) { complainUnlessAway(error); }
}
async function show(items) {
  jobs.clear();
  for (const job of items) jobs.set(job.id, job);
  await replace();
  refilter();
}
async function replace() {
  const kept = selected().map((job) => job.id);
  await made.replaceData([...jobs.values()]);
  made.selectRow(kept.filter((id) => jobs.has(id)));
}
onReset(() => load());
await load(first);
hear = heard;
early.forEach(heard);
