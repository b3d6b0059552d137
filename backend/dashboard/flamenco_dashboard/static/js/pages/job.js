// One job: its frames, what it made, why it waits or failed, and everything that can be done about it.
import { mayChange, me } from "../core/api.js";
import { h, fill, say } from "../core/dom.js";
import { form } from "../core/dialog.js";
import { ago, counted, duration, exactly, moment, percent } from "../core/format.js";
import { given, main } from "../core/frame.js";
import { listen } from "../core/live.js";
import { complain } from "../core/toast.js";
import { frames } from "../parts/job/frames.js";
import { Model } from "../parts/job/model.js";
import { ACTIONS, act, remove, setPriority } from "../parts/jobactions.js";
import { badge, bar } from "../parts/states.js";
import { tabs } from "../parts/tabs.js";
import { activity } from "../parts/job/activity.js";
import { failures } from "../parts/job/failures.js";
import { files } from "../parts/job/files.js";
import { outputs } from "../parts/job/outputs.js";
import { settings } from "../parts/job/settings.js";
import { steps } from "../parts/job/steps.js";
import { times } from "../parts/job/times.js";

const model = new Model(Number(given.job));
const title = h("h1.cut");
const state = h("span");
const facts = h("div.facts.muted");
const progress = h("div.job-progress");
const waiting = h("p.waiting", { role: "status", hidden: true });
const buttons = h("div.end");
const thumbnail = h("img.newest", { alt: "The newest frame", hidden: true });

// Nothing is seen before the job is known, so that nothing jumps then.
const page = h("div.unready", {},
  h("div.head.job-head", {}, thumbnail, h("div.grow", {}, h("div.row", {}, h("a.back", { href: "/jobs" }, "Jobs"), title, state), facts), buttons),
  progress, waiting,
  h("div.job-body", {}, failures(model), tabs([
    ["frames", "Frames", () => frames(model)],
    ["outputs", "Output", () => outputs(model)],
    ["steps", "Steps", () => steps(model)],
    ["times", "Frame times", () => times(model)],
    ["settings", "Settings", () => settings(model)],
    ["files", "Files", () => files(model)],
    ["activity", "Activity", () => activity(model)],
  ])));
fill(main, page);

function draw() {
  const { job } = model;
  document.title = `${job.name} · Flamenco`;
  page.classList.remove("unready");
  say(title, job.name);
  title.title = job.name;
  fill(state, badge(job.state));
  const parts = [`${job.type} by ${job.owner}`, `project ${job.project}`, `priority ${job.priority}`, job.max_workers ? `at most ${counted(job.max_workers, "worker")}` : "", job.tags.length ? `on ${job.tags.join(", ")}` : ""];
  fill(facts, parts.filter(Boolean).join(" · "), " · ", h("time", { datetime: job.created_at, title: `${exactly(job.created_at)} (${ago(job.created_at)})` }, `submitted ${moment(job.created_at)}`), job.comment ? h("div", {}, job.comment) : "");
  thumbnail.hidden = !job.thumbnail;
  if (job.thumbnail && !thumbnail.src.endsWith(job.thumbnail)) thumbnail.src = `/api/files/${job.thumbnail}`;
  fill(progress, bar(job.counts, job.total), h("div.row.num.progress-facts", {},
    h("strong", {}, percent(job.progress)),
    [
      `${job.counts.completed.toLocaleString()} of ${counted(job.total, "task")}`,
      job.counts.failed ? h("span.failed-count", {}, `${job.counts.failed} failed`) : "",
      job.workers ? counted(job.workers, "worker") : "",
      job.mean_seconds ? `${duration(job.mean_seconds)} a task` : "",
      job.eta_seconds ? `${duration(job.eta_seconds)} left, until ${moment(new Date(Date.now() + job.eta_seconds * 1000).toISOString())}` : "",
      job.finished_at ? `finished ${moment(job.finished_at)}, after ${duration((new Date(job.finished_at) - new Date(job.started_at ?? job.created_at)) / 1000)}` : "",
    ].filter(Boolean).map((each) => (typeof each === "string" ? h("span", {}, each) : each))));
  waiting.hidden = !job.waiting_because;
  say(waiting, job.waiting_because ? `Why is it waiting? ${sentence(job.waiting_because)}` : "");
  drawButtons(job);
}
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

function drawButtons(job) {
  const mine = mayChange(job);
  const actions = Object.entries(ACTIONS).filter(([, action]) => action.label && action.can(job));
  // Buttons that stay the same stay there: whoever is on one by keyboard is not thrown off it by each frame that is done.
  const mark = [mine, job.storage, ...actions.map(([name]) => name)].join(" ");
  if (buttons.dataset.mark === mark) return;
  buttons.dataset.mark = mark;
  fill(buttons,
    mine ? actions.map(([name, action]) => h(`button${name === "cancel" ? ".danger" : ""}`, { type: "button", onclick: () => act(name, [model.job]) }, action.label)) : "",
    mine ? h("button", { type: "button", onclick: () => askPriority(model.job) }, "Priority…") : "",
    job.storage === "shared" ? "" : h("a.button", { href: `/api/jobs/${job.id}/zip`, download: "" }, "Download all"),
    mine ? h("button.danger", { type: "button", onclick: () => remove([model.job]) }, "Delete…") : h("span.muted", {}, me.role === "viewer" ? "You may look only." : "Not your job."));
}
async function askPriority(job) {
  const input = h("input", { type: "number", min: 0, max: 1000, step: 1, required: true, value: job.priority });
  const priority = await form("Priority", h("label", {}, "Higher comes first, 0 to 1000", input), "Set it", () => input.valueAsNumber);
  if (priority !== null) { await setPriority([job], priority); model.soon(); }
}

model.addEventListener("job", draw);
try {
  await model.start();
} catch (error) {
  if (error.status === 404) fill(main, h("div.empty", {}, h("h1", {}, "There is no such job"), h("p", {}, h("a", { href: "/jobs" }, "To the jobs"))));
  else { complain(error); setTimeout(() => location.reload(), 4000); }
}
listen({ job: model.id }).then(() => model.soon()); // it may have changed before the stream was there
