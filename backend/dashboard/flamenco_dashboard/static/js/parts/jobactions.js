// What can be done to jobs, in bulk: each action says on whom it can be done, does it, and how to take it back.
import { h } from "../core/dom.js";
import { ask } from "../core/dialog.js";
import { counted, size } from "../core/format.js";
import { get, mayChange, patch, post, del } from "../core/api.js";
import { toast } from "../core/toast.js";

const ACTIVE = ["queued", "processing"];
const named = (jobs) => (jobs.length === 1 ? jobs[0].name : counted(jobs.length, "job"));

export const ACTIONS = {
  pause: { label: "Pause", can: (job) => ACTIVE.includes(job.state), run: (job) => post(`/jobs/${job.id}/pause`), done: "Paused", undo: "resume" },
  resume: { label: "Resume", can: (job) => job.state === "paused", run: (job) => post(`/jobs/${job.id}/resume`), done: "Resumed", undo: "pause" },
  cancel: { label: "Cancel", can: (job) => [...ACTIVE, "paused"].includes(job.state), run: (job) => post(`/jobs/${job.id}/cancel`), done: "Canceled", undo: "requeueCanceled",
    sure: (jobs) => `Cancel ${named(jobs)}? Tasks that run are stopped; what is finished stays.` },
  requeue: { label: "Requeue failed", can: (job) => job.counts.failed > 0, run: (job) => post(`/jobs/${job.id}/requeue`, { failed: true }), done: "Requeued the failed tasks of" },
  requeueCanceled: { can: (job) => job.state === "canceled", run: requeueCanceled, done: "Took up again" },
  archive: { label: "Archive", can: (job) => !job.archived && !["queued", "processing", "paused"].includes(job.state), run: (job) => patch(`/jobs/${job.id}`, { archived: true }), done: "Archived", undo: "unarchive" },
  unarchive: { label: "Unarchive", can: (job) => job.archived, run: (job) => patch(`/jobs/${job.id}`, { archived: false }), done: "Unarchived", undo: "archive" },
};

async function requeueCanceled(job) {
  const tasks = [];
  let cursor;
  do {
    const page = await get(`/jobs/${job.id}/tasks`, { status: "canceled", limit: 1000, cursor });
    tasks.push(...page.items.map((task) => task.id));
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
  const { good, problems } = await each(those, action.run);
  if (good.length) {
    toast(`${action.done} ${named(good)}.`, { undo: action.undo && (async () => act(action.undo, await fresh(good))) });
  }
  refused(problems);
}

async function fresh(jobs) {
  const found = [];
  for (let at = 0; at < jobs.length; at += 500) {
    found.push(...(await get("/jobs", { ids: jobs.slice(at, at + 500).map((job) => job.id).join(","), limit: 1000 })).items);
  }
  return found;
}

/** Do something to each, a few at a time. */
async function each(jobs, run) {
  const good = [], problems = [], waiting = [...jobs];
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      try { await run(job); good.push(job); } catch (error) { problems.push(`${job.name}: ${error.message}`); }
    }
  };
  await Promise.all(Array.from({ length: Math.min(6, jobs.length) }, worker));
  return { good, problems };
}

function refused(problems) {
  if (problems.length) toast(problems.length === 1 ? problems[0] : `${problems.length} were refused. ${problems[0]}`, { tone: "failed", stays: 12000 });
}

/** Ask for a priority and set it. */
export async function setPriority(jobs, priority) {
  const before = new Map(jobs.map((job) => [job.id, job.priority]));
  const { good, problems } = await each(jobs.filter(mayChange), (job) => patch(`/jobs/${job.id}`, { priority }));
  if (good.length) {
    toast(`Priority of ${named(good)} is ${priority}.`, { undo: () => each(good, (job) => patch(`/jobs/${job.id}`, { priority: before.get(job.id) })) });
  }
  refused(problems);
}

/** Show what goes with jobs, ask, delete. */
export async function remove(jobs) {
  const those = jobs.filter(mayChange);
  if (!those.length) { toast("You may delete none of these jobs.", { tone: "queued" }); return; }
  const content = h("div.stack", {}, h("p", {}, "Looking at what would go…"));
  const shown = those.slice(0, 20);
  Promise.all(shown.map((job) => weigh(job.id))).then((weights) => {
    const rows = shown.map((job, at) => h("tr", {}, h("td", {}, job.name), h("td.num", {}, counted(job.total, "task")), h("td.num", {}, weights[at])));
    content.replaceChildren(
      h("p", {}, `${counted(those.length, "job")} with all tasks, logs, and the files that only they need go for good. Files that were fetched to other places stay.`),
      h("div.scroll-x", {}, h("table.plain", {}, h("tr", {}, h("th", {}, "Job"), h("th", {}, "Tasks"), h("th", {}, "Results")), rows)),
      those.length > shown.length ? h("p.hint", {}, `and ${counted(those.length - shown.length, "more job")}`) : "");
  });
  if (!(await ask(`Delete ${counted(those.length, "job")}`, content, "Delete for good", { danger: true }))) return;
  const { good, problems } = await each(those, (job) => del(`/jobs/${job.id}`));
  if (good.length) toast(`Deleted ${named(good)}.`);
  refused(problems);
}

async function weigh(id) {
  try {
    const page = await get(`/jobs/${id}/outputs`, { limit: 1000 });
    const bytes = page.items.reduce((sum, item) => sum + item.size, 0);
    return `${counted(page.items.length, "file")}${page.next ? " and more" : ""}, ${size(bytes)}`;
  } catch { return "–"; }
}
