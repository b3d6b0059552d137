// The jobs: a live table of all of them, from which a supervisor steers.
import { all, get, mayChange, me } from "../core/api.js";
import { h, fill, later, say, steadily } from "../core/dom.js";
import { form } from "../core/dialog.js";
import { ago, counted, duration, exactly, moment, percent } from "../core/format.js";
import { main } from "../core/frame.js";
import { key } from "../core/keys.js";
import { listen, on, onReset } from "../core/live.js";
import { complain } from "../core/toast.js";
import { change, view } from "../core/url.js";
import { ACTIONS, act, remove, setPriority } from "../parts/jobactions.js";
import { badge, bar } from "../parts/states.js";
import { columnButton, table } from "../parts/table.js";

const STATES = ["processing", "queued", "paused", "completed", "failed", "canceled"];
const RANK = Object.fromEntries(STATES.map((state, at) => [state, at]));
const jobs = new Map();
const given = view();
let made;

// ---- the frame ----

const summary = h("span.muted", { role: "status" });
const search = h("input.search", { type: "search", placeholder: "Search name, comment, tag…", value: given.search ?? "", "aria-label": "Search jobs" });
const chips = STATES.map((state) => h("button.chip", { type: "button", data: { state }, "aria-pressed": "false", onclick: () => toggle(state) }, state, h("span.num.chip-count")));
const pick = (name, label) => h("select", { "aria-label": label, onchange: (event) => { change({ [name]: event.target.value }); refilter(); } }, h("option", { value: "" }, label));
const picks = { project: pick("project", "All projects"), owner: pick("owner", "All people"), type: pick("type", "All types"), tag: pick("tag", "All tags") };
const archived = h("label.check", {}, h("input", { type: "checkbox", checked: given.archived === "1", onchange: (event) => { change({ archived: event.target.checked ? "1" : "" }); load(); } }), " archived");
const views = h("select", { "aria-label": "Saved views", onchange: (event) => openView(event.target.value) });
const bulk = h("div.bulk.row", { hidden: true, role: "toolbar", "aria-label": "Selected jobs" });
const place = h("div.live-table.jobs-table");
const tools = h("div.end");

fill(main,
  h("div.head", {}, h("h1", {}, "Jobs"), summary, tools),
  h("div.filters.row", {}, search, h("div.chips.row", { role: "group", "aria-label": "States" }, chips), Object.values(picks), archived, views),
  bulk, place);

// ---- the table ----

const COLUMNS = [
  { title: "", field: "select", width: 40, minWidth: 40, headerSort: false, formatter: "rowSelection", titleFormatter: "rowSelection", hozAlign: "center", cellClick: (event) => event.stopPropagation() },
  { title: "", field: "thumbnail", width: 74, minWidth: 74, headerSort: false, formatter: (cell) => picture(cell.getValue()) },
  { title: "Name", field: "name", minWidth: 200, widthGrow: 3, formatter: nameCell },
  { title: "State", field: "state", width: 128, formatter: (cell) => badge(cell.getValue()), sorter: (a, b) => RANK[a] - RANK[b] },
  { title: "Progress", field: "progress", minWidth: 150, widthGrow: 1, formatter: progressCell },
  { title: "Left", field: "eta_seconds", width: 100, formatter: (cell) => duration(cell.getValue()), sorter: nullsLast },
  { title: "Task time", field: "mean_seconds", width: 104, formatter: (cell) => duration(cell.getValue()), sorter: nullsLast },
  { title: "Priority", field: "priority", width: 92, hozAlign: "right", formatter: priorityCell, cellClick: editPriority },
  { title: "Project", field: "project", minWidth: 100, widthGrow: 1 },
  { title: "Who", field: "owner", width: 100 },
  { title: "Type", field: "type", width: 84 },
  { title: "Submitted", field: "created_at", width: 124, formatter: momentCell },
  { title: "Finished", field: "finished_at", width: 124, formatter: momentCell, optional: true },
  { title: "Comment", field: "comment", minWidth: 120, optional: true, formatter: (cell) => h("span", {}, cell.getValue()) },
  { title: "Id", field: "id", width: 74, optional: true },
];

function picture(sha256) {
  if (!sha256) return h("span.no-picture", { "aria-hidden": "true" });
  return h("img.picture", { src: `/api/files/${sha256}`, alt: "", loading: "lazy", width: 60, height: 34 });
}
function nameCell(cell) {
  const job = cell.getData();
  return h("div.name-cell", {}, h("a", { href: `/jobs/${job.id}` }, job.name), job.archived ? h("span.tag", {}, "archived") : "", job.tags.map((tag) => h("span.tag", {}, tag)), job.comment ? h("div.hint.cut", {}, job.comment) : "");
}
function progressCell(cell) {
  const job = cell.getData();
  const failed = job.counts.failed ? h("span.failed-count", {}, ` · ${job.counts.failed} failed`) : "";
  return h("div", {}, bar(job.counts, job.total), h("div.hint.num", {}, `${percent(job.progress)} of ${job.total.toLocaleString()}`, failed));
}
function momentCell(cell) {
  const text = cell.getValue();
  return text ? h("time", { datetime: text, title: `${exactly(text)} (${ago(text)})` }, moment(text)) : h("span.muted", {}, "–");
}
function priorityCell(cell) {
  const job = cell.getData();
  return mayChange(job) ? h("button.quiet.num", { type: "button", title: "Change the priority, or drag the row", "aria-label": `Priority ${job.priority} of ${job.name}` }, String(job.priority)) : String(job.priority);
}
function nullsLast(a, b, _x, _y, _column, direction) {
  const last = direction === "asc" ? Infinity : -Infinity;
  return (a ?? last) - (b ?? last);
}

// ---- priority ----

async function editPriority(event, cell) {
  event.stopPropagation();
  await askPriority([cell.getData()]);
}
async function askPriority(those) {
  const input = h("input", { type: "number", min: 0, max: 1000, step: 1, required: true, value: those[0].priority, name: "priority" });
  const priority = await form("Priority", h("label", {}, "Higher comes first, 0 to 1000", input), "Set it", () => input.valueAsNumber);
  if (priority !== null) await setPriority(those, priority);
}
async function moved(row) {
  const job = row.getData();
  const above = row.getPrevRow() && row.getPrevRow().getData();
  const below = row.getNextRow() && row.getNextRow().getData();
  if (!mayChange(job) || !dragging()) return load();
  // In the middle of its neighbours; beside the end of the list, ten more or less.
  const high = above ? above.priority : Math.min(1000, (below?.priority ?? 50) + 10);
  const low = below ? below.priority : Math.max(0, high - 10);
  await setPriority([job], Math.max(low, Math.min(high, Math.ceil((high + low) / 2))));
}
function dragging() {
  const [sort] = made.getSorters();
  return sort?.field === "priority" && sort.dir === "desc";
}

// ---- what is shown ----

const STATES_SHOWN = () => new Set((view().state ?? "").split(",").filter(Boolean));
function toggle(state) {
  const shown = STATES_SHOWN();
  if (!shown.delete(state)) shown.add(state);
  change({ state: [...shown].join(",") });
  refilter();
}
function fits(job) {
  const wanted = view();
  const shown = STATES_SHOWN();
  if (shown.size && !shown.has(job.state)) return false;
  if (wanted.project && job.project !== wanted.project) return false;
  if (wanted.owner && job.owner !== wanted.owner) return false;
  if (wanted.type && job.type !== wanted.type) return false;
  if (wanted.tag && !job.tags.includes(wanted.tag)) return false;
  if (!wanted.search) return true;
  const text = `${job.name} ${job.comment} ${job.tags.join(" ")} ${job.id} ${job.project} ${job.owner}`.toLowerCase();
  return wanted.search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
function refilter() {
  const wanted = view();
  const shown = STATES_SHOWN();
  for (const chip of chips) chip.setAttribute("aria-pressed", String(shown.has(chip.dataset.state)));
  for (const [name, select] of Object.entries(picks)) select.value = wanted[name] ?? "";
  if (search !== document.activeElement) search.value = wanted.search ?? "";
  made.setFilter(fits);
  count();
}
const count = later(() => {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const job of jobs.values()) counts[job.state] += 1;
  for (const chip of chips) say(chip.querySelector(".chip-count"), counts[chip.dataset.state] ? ` ${counts[chip.dataset.state].toLocaleString()}` : "");
  const shown = made.getDataCount("active");
  say(summary, shown === jobs.size ? counted(jobs.size, "job") : `${shown.toLocaleString()} of ${counted(jobs.size, "job")}`);
  fillPicks();
}, 50);
function fillPicks() {
  const values = { project: new Set(), owner: new Set(), type: new Set(), tag: new Set() };
  for (const job of jobs.values()) {
    for (const name of ["project", "owner", "type"]) values[name].add(job[name]);
    for (const tag of job.tags) values.tag.add(tag);
  }
  for (const [name, select] of Object.entries(picks)) {
    const wanted = view()[name];
    if (wanted) values[name].add(wanted);
    const options = [...values[name]].sort();
    if (options.join("\n") === select.dataset.options) continue;
    select.dataset.options = options.join("\n");
    fill(select, select.firstChild, options.map((value) => h("option", { value }, name === "owner" && value === me.name ? `${value} (me)` : value)));
    select.value = wanted ?? "";
  }
}
search.addEventListener("input", later(() => { change({ search: search.value.trim() }); refilter(); }, 120));

// ---- saved views ----

const VIEWS = "views.jobs";
const savedViews = () => { try { return JSON.parse(localStorage.getItem(VIEWS)) ?? {}; } catch { return {}; } };
function fillViews() {
  fill(views, h("option", { value: "" }, "Views"), h("option", { value: "?" }, "All jobs"), h("option", { value: "?state=queued,processing,paused" }, "Active"), h("option", { value: "?state=failed" }, "Failed"),
    h("option", { value: `?owner=${encodeURIComponent(me.name)}` }, "Mine"), Object.entries(savedViews()).map(([name, query]) => h("option", { value: query }, name)), h("option", { value: "save" }, "Save this view…"));
}
async function openView(query) {
  views.value = "";
  if (query === "save") {
    const input = h("input", { required: true, maxLength: 60, name: "name" });
    const name = await form("Save this view", h("label", {}, "Name", input), "Save", () => input.value.trim());
    if (name) { localStorage.setItem(VIEWS, JSON.stringify({ ...savedViews(), [name]: location.search || "?" })); fillViews(); }
  } else if (query) {
    history.replaceState(null, "", location.pathname + query.replace(/^\?$/, ""));
    refilter();
  }
}

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
let current = null;
let anchor = null;
function step(by) {
  const rows = made.getRows("active");
  if (!rows.length) return;
  const at = current ? rows.findIndex((row) => row.getIndex() === current) : -1;
  move(rows[Math.max(0, Math.min(rows.length - 1, at + by))]);
}
function move(row) {
  if (current !== null) made.getRow(current)?.getElement().classList.remove("current");
  current = row.getIndex();
  made.scrollToRow(row, "nearest", false).catch(() => {}).then(() => row.getElement().classList.add("current"));
}
function clicked(event, row) {
  if (event.target.closest("a,button,input")) return;
  const rows = made.getRows("active");
  if (event.shiftKey && anchor !== null) {
    const [from, to] = [rows.findIndex((each) => each.getIndex() === anchor), rows.indexOf(row)].sort((a, b) => a - b);
    if (!event.ctrlKey && !event.metaKey) made.deselectRow();
    made.selectRow(rows.slice(Math.max(0, from), to + 1));
  } else if (event.ctrlKey || event.metaKey) {
    row.toggleSelect();
    anchor = row.getIndex();
  } else {
    made.deselectRow();
    row.select();
    anchor = row.getIndex();
  }
  move(row);
}
key("j", "Next job", () => step(1));
key("k", "Previous job", () => step(-1));
key("x", "Select the job", () => current !== null && made.getRow(current)?.toggleSelect());
key(" ", "Pause or resume the selected jobs, or the current one", () => {
  const those = selected().length ? selected() : current !== null ? [jobs.get(current)] : [];
  if (those.length) act(those.some(ACTIONS.pause.can) ? "pause" : "resume", those);
});
key("Enter", "Open the job", () => current !== null && location.assign(`/jobs/${current}`));
key("/", "Search", () => search.focus());
key("Escape", "Clear the selection", () => made.deselectRow());

// ---- live ----

const changed = new Set();
const refresh = steadily(async () => {
  const ids = [...changed];
  changed.clear();
  try {
    for (let at = 0; at < ids.length; at += 200) {
      const page = await get("/jobs", { ids: ids.slice(at, at + 200).join(","), limit: 1000 });
      take(page.items);
    }
  } catch (error) { for (const id of ids) changed.add(id); complain(error); }
}, 300);
function take(items) {
  const wanted = view().archived === "1";
  const fresh = [];
  for (const job of items) {
    if (job.archived && !wanted) { gone(job.id); continue; }
    if (jobs.has(job.id)) made.updateData([job]); else fresh.push(job);
    jobs.set(job.id, job);
  }
  if (fresh.length) made.addData(fresh).then(resort);
  else resort();
  count();
  drawBulk();
}
const resort = steadily(() => { made.refreshFilter(); made.setSort(made.getSorters().map(({ field, dir }) => ({ column: field, dir }))); }, 800);
function gone(id) {
  if (jobs.delete(id)) made.deleteRow(id);
}
function heard(event) {
  const job = jobs.get(event.job_id);
  if (event.data.deleted) { gone(event.job_id); count(); return; }
  if (job && event.data.counts) {
    // What the event tells is shown at once; the rest follows.
    const counts = event.data.counts;
    Object.assign(job, { state: event.data.state, counts, progress: job.total ? counts.completed / job.total : 0 });
    made.updateData([{ id: job.id, state: job.state, counts, progress: job.progress }]);
  }
  changed.add(event.job_id);
  refresh();
}

async function load() {
  try {
    const wanted = view().archived === "1" ? undefined : false;
    const first = await get("/jobs", { archived: wanted, limit: 300 });
    show(first.items);
    if (first.next) show([...first.items, ...(await all("/jobs", { archived: wanted, cursor: first.next }))]);
  } catch (error) { complain(error); setTimeout(load, 3000); }
}
function show(items) {
  jobs.clear();
  for (const job of items) jobs.set(job.id, job);
  const kept = selected().map((job) => job.id);
  made.replaceData(items).then(() => { made.selectRow(kept.filter((id) => jobs.has(id))); refilter(); });
}

made = await table(place, {
  name: "jobs", label: "Jobs", columns: COLUMNS, sort: sorting(), rowHeight: 54, movableRows: me.role !== "viewer", selectableRows: true, selectableRowsRangeMode: "click",
  empty: "No jobs here. Submit one from Blender with Render on Flamenco, or with flamenco submit.",
});
function sorting() {
  const [column, dir] = (given.sort ?? "-created_at").startsWith("-") ? [(given.sort ?? "-created_at").slice(1), "desc"] : [given.sort, "asc"];
  return [{ column, dir }];
}
made.on("rowSelectionChanged", drawBulk);
made.on("rowClick", clicked);
made.on("rowDblClick", (_event, row) => location.assign(`/jobs/${row.getIndex()}`));
made.on("rowMoved", moved);
made.on("dataSorted", (sorters) => { if (sorters.length) change({ sort: `${sorters[0].dir === "desc" ? "-" : ""}${sorters[0].field}`.replace(/^-created_at$/, "") }); });
tools.append(columnButton(made, "jobs"));
fillViews();
await load();
on("job", heard);
onReset(load);
listen();
