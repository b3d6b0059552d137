// Who did what to the job, and when, in words.
import { get } from "../../core/api.js";
import { h, fill, steadily } from "../../core/dom.js";
import { ago, exactly, moment } from "../../core/format.js";
import { complain } from "../../core/toast.js";

const WORDS = { cancel: "canceled the job", pause: "paused the job", resume: "resumed the job", requeue: "requeued tasks", submit: "submitted the job", delete: "deleted the job" };
const NAMES = { max_workers: "most workers", settings: "settings", overrides: "render settings", preset: "preset", tags: "tags", comment: "comment", name: "name", priority: "priority", archived: "archived" };

export function activity(model) {
  const list = h("ol.activity");
  const more = h("button", { type: "button", hidden: true, onclick: () => load(cursor) }, "Earlier");
  const element = h("section", { "aria-label": "Activity" }, list, more);
  let cursor = null;

  const load = async (from) => {
    try {
      const page = await get(`/jobs/${model.id}/activity`, { limit: 100, cursor: from });
      cursor = page.next;
      more.hidden = !cursor;
      const rows = page.items.map(line);
      if (from) list.append(...rows); else fill(list, rows.length ? rows : h("li.muted", {}, "Nothing was written down about this job."));
    } catch (error) { complain(error); }
  };
  const line = (each) => h("li", {}, h("span.who-letter", { "aria-hidden": "true" }, each.actor.slice(0, 1).toUpperCase()),
    h("div.grow", {}, h("div", {}, h("strong", {}, each.actor), " ", said(each, model)), h("time.hint", { datetime: each.at, title: exactly(each.at) }, `${moment(each.at)}, ${ago(each.at)}`)));
  model.addEventListener("job", steadily(() => load(null), 2000));
  load(null);
  return element;
}

function said({ action, detail }, model) {
  const task = /^cancel task (\d+)$/.exec(action);
  if (task) return ["canceled ", taskLink(Number(task[1]), model)];
  if (action === "change") return changed(detail);
  const again = action === "requeue" && /^task (\d+)$/.exec(detail);
  if (again) return ["requeued ", taskLink(Number(again[1]), model)];
  if (action === "requeue") return `requeued ${detail || "tasks"}`;
  return [WORDS[action] ?? action, detail && action !== "submit" ? `: ${detail}` : ""];
}

function taskLink(id, model) {
  const at = model.place.get(id);
  const label = at === undefined ? `task ${id}` : `${model.grid.steps[model.grid.step[at]]} ${model.grid.label[at]}`.trim();
  return h("a", { href: `/jobs/${model.id}/tasks/${id}` }, label);
}

/** The changed fields with their new values; a detail that was cut is told by its beginning. */
function changed(detail) {
  let given;
  try { given = JSON.parse(detail); } catch { return ["changed ", h("code.wrap", {}, detail)]; }
  const entries = Object.entries(given);
  if (entries.length === 1 && "archived" in given) return given.archived ? "archived the job" : "took the job out of the archive";
  return entries.flatMap(([name, value], at) => [at ? ", " : "set ", `${NAMES[name] ?? name} to `, h("code.wrap", {}, plain(value))]);
}
function plain(value) {
  if (Array.isArray(value)) return value.join(", ") || "none";
  if (value && typeof value === "object") return Object.entries(value).map(([name, each]) => `${name} = ${each === null ? "the default" : plain(each)}`).join(", ") || "none";
  return value === "" ? "nothing" : String(value);
}
