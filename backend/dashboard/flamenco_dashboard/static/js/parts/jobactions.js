// What can be done to jobs, many at once: each action says on whom it can be done, does it, and how to take it back.
import { h } from "../core/dom.js";
import { ask } from "../core/dialog.js";
import { counted, size } from "../core/format.js";
import { get, mayChange, post } from "../core/api.js";
import { attempt, toast } from "../core/toast.js";

const MOST = 100; // jobs a request: canceling large ones takes the server a moment
const ACTIVE = ["queued", "processing"];
const named = (jobs) => (jobs.length === 1 ? jobs[0].name : counted(jobs.length, "job"));

export const ACTIONS = {
  pause: { label: "Pause", can: (job) => ACTIVE.includes(job.state), run: bulk("pause"), done: "Paused", undo: "resume" },
  resume: { label: "Resume", can: (job) => job.state === "paused", run: bulk("resume"), done: "Resumed", undo: "pause" },
  cancel: { label: "Cancel", can: (job) => [...ACTIVE, "paused"].includes(job.state), run: bulk("cancel"), done: "Canceled", undo: "requeueCanceled",
    sure: (jobs) => `Cancel ${named(jobs)}? Tasks that run are stopped; what is finished stays.` },
  requeue: { label: "Requeue failed", can: (job) => job.counts.failed > 0, run: bulk("requeue_failed"), done: "Requeued the failed tasks of" },
  requeueCanceled: { can: (job) => job.state === "canceled", run: (jobs) => oneByOne(jobs, requeueCanceled), done: "Took up again" },
  archive: { label: "Archive", can: (job) => !job.archived && !["queued", "processing", "paused"].includes(job.state), run: bulk("archive"), done: "Archived", undo: "unarchive" },
  unarchive: { label: "Unarchive", can: (job) => job.archived, run: bulk("unarchive"), done: "Unarchived", undo: "archive" },
};

/** Some of them at a time. */
const groups = (jobs) => Array.from({ length: Math.ceil(jobs.length / MOST) }, (_, at) => jobs.slice(at * MOST, (at + 1) * MOST));
const ids = (jobs) => jobs.map((job) => job.id);

/** A function that does the server's action of that name to jobs: those to which it was done, and why not to the others. */
function bulk(action, more = {}) {
  return async (jobs) => {
    const byId = new Map(jobs.map((job) => [job.id, job]));
    const good = [], problems = [];
    for (const some of groups(jobs)) {
      const outcome = await post("/bulk/jobs", { ids: ids(some), action, ...more });
      good.push(...outcome.done.map((id) => byId.get(id)));
      problems.push(...outcome.refused.map(({ id, detail }) => `${byId.get(id).name}: ${detail}`));
    }
    return { good, problems };
  };
}

async function oneByOne(jobs, run) {
  const good = [], problems = [];
  for (const job of jobs) {
    try { await run(job); good.push(job); } catch (error) { problems.push(`${job.name}: ${error.message}`); }
  }
  return { good, problems };
}

async function requeueCanceled(job) {
  const tasks = [];
  let cursor;
  do {
    const page = await get(`/jobs/${job.id}/tasks`, { status: "canceled", limit: 1000, cursor });
    tasks.push(...ids(page.items));
    cursor = page.next;
  } while (cursor);
  if (tasks.length) await post(`/jobs/${job.id}/requeue`, { tasks });
}

/** Do an action to those of the jobs that it can be done to; says what was done and what was refused. */
export async function act(name, jobs) {
  const action = ACTIONS[name];
  const those = jobs.filter((job) => action.can(job) && mayChange(job));
  if (!those.length) { toast("None of the selected jobs can do that.", { tone: "queued" }); return; }
  if (action.sure && !(await ask(`${action.label} ${counted(those.length, "job")}`, action.sure(those), `${action.label} ${those.length === 1 ? "it" : "them"}`, { danger: true }))) return;
  await attempt(async () => {
    const { good, problems } = await action.run(those);
    if (good.length) toast(`${action.done} ${named(good)}.`, { undo: action.undo && (() => attempt(async () => act(action.undo, await fresh(good)))) });
    refused(problems);
  });
}

async function fresh(jobs) {
  const found = [];
  for (const some of groups(jobs)) found.push(...(await get("/jobs", { ids: ids(some).join(","), limit: 1000 })).items);
  return found;
}

function refused(problems) {
  if (problems.length) toast(problems.length === 1 ? problems[0] : `${problems.length} were refused. ${problems[0]}`, { tone: "failed", stays: 12000 });
}

/** Set a priority, and offer to take it back. */
export async function setPriority(jobs, priority) {
  const before = new Map(jobs.map((job) => [job.id, job.priority]));
  await attempt(async () => {
    const { good, problems } = await bulk("priority", { priority })(jobs.filter(mayChange));
    const undo = () => attempt(async () => {
      for (const [old, some] of Map.groupBy(good, (job) => before.get(job.id))) refused((await bulk("priority", { priority: old })(some)).problems);
    });
    if (good.length) toast(`Priority of ${named(good)} is ${priority}.`, { undo });
    refused(problems);
  });
}

/** Show what goes with jobs, ask, delete. */
export async function remove(jobs) {
  const those = jobs.filter(mayChange);
  if (!those.length) { toast("You may delete none of these jobs.", { tone: "queued" }); return; }
  const content = h("div.stack", {}, h("p", {}, "Looking at what would go…"));
  preview(those).then((what) => content.replaceChildren(...what)).catch((error) => content.replaceChildren(h("p.problem", {}, error.message)));
  if (!(await ask(`Delete ${counted(those.length, "job")}`, content, "Delete for good", { danger: true }))) return;
  await attempt(async () => {
    const { good, problems } = await bulk("delete")(those);
    if (good.length) toast(`Deleted ${named(good)}.`);
    refused(problems);
  });
}

async function preview(jobs) {
  const sum = {};
  for (const some of groups(jobs)) {
    for (const [name, value] of Object.entries(await post("/bulk/jobs/preview", { ids: ids(some) }))) sum[name] = (sum[name] ?? 0) + value;
  }
  const facts = [
    counted(sum.tasks, "task") + (sum.unfinished_tasks ? `, ${sum.unfinished_tasks.toLocaleString()} of them not finished` : ""),
    sum.outputs ? counted(sum.outputs, "result") : "", sum.files ? `${counted(sum.files, "file")} that were sent` : "",
  ].filter(Boolean).join("; ");
  const shown = jobs.slice(0, 20);
  return [
    h("p", {}, `${counted(sum.jobs, "job")} and all that the farm keeps of ${jobs.length === 1 ? "it" : "them"} go for good: ${facts}${sum.bytes ? `; ${size(sum.bytes)} at most` : ""}.`),
    h("div.scroll-x.going", { tabIndex: 0, role: "group", "aria-label": "The jobs" }, h("table.plain", {}, h("tr", {}, ["Job", "State", "Tasks"].map((text) => h("th", {}, text))),
      shown.map((job) => h("tr", {}, h("td", {}, job.name), h("td", {}, job.state), h("td.num", {}, job.total.toLocaleString()))))),
    jobs.length > shown.length ? h("p.hint", {}, `and ${counted(jobs.length - shown.length, "more job")}`) : "",
    h("p.hint", {}, "Files that another job needs stay, and so do results that were fetched to other places."),
  ];
}
