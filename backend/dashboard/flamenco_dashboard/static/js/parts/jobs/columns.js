// The columns of the table of jobs: what each shows and how it sorts.
import { mayChange } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ago, duration, exactly, moment, percent } from "../../core/format.js";
import { badge, bar } from "../states.js";

export const STATES = ["processing", "queued", "paused", "completed", "failed", "canceled"];
const RANK = Object.fromEntries(STATES.map((state, at) => [state, at]));

const NARROW = matchMedia("(max-width: 720px)").matches; // there is no room for pictures and long names

/** Tabulator's columns; `editPriority(job)` is called when a priority is pressed. */
export const columns = (editPriority) => [
  { title: "", field: "select", width: 40, minWidth: 40, headerSort: false, formatter: "rowSelection", titleFormatter: "rowSelection", hozAlign: "center", cellClick: (event) => event.stopPropagation() },
  { title: "", field: "thumbnail", width: 80, minWidth: 80, headerSort: false, formatter: (cell) => picture(cell.getValue()), optional: NARROW },
  { title: "Name", field: "name", minWidth: NARROW ? 132 : 200, widthGrow: 3, formatter: nameCell, sorter: "alphanum" },
  { title: "State", field: "state", width: 128, formatter: (cell) => badge(cell.getValue()), sorter: (a, b) => RANK[a] - RANK[b] },
  { title: "Progress", field: "progress", minWidth: NARROW ? 110 : 150, widthGrow: 1, formatter: progressCell },
  { title: "Left", field: "eta_seconds", width: 100, formatter: (cell) => duration(cell.getValue()), sorter: nullsLast },
  { title: "Task time", field: "mean_seconds", width: 104, formatter: (cell) => duration(cell.getValue()), sorter: nullsLast },
  { title: "Priority", field: "priority", width: 92, hozAlign: "right", formatter: priorityCell, cellClick: (event, cell) => { event.stopPropagation(); if (mayChange(cell.getData())) editPriority(cell.getData()); } },
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
