// What can be asked of workers, in bulk.
import { h } from "../../core/dom.js";
import { ask, form } from "../../core/dialog.js";
import { attempt, toast } from "../../core/toast.js";
import { named, orderAll } from "./bulk.js";
import { editSchedule } from "./schedule-dialog.js";

/** Send an order to workers; `undo` is the order that takes it back. */
export async function order(workers, wish, done, undo) {
  return attempt(async () => {
    const outcome = await orderAll(workers, wish);
    const gone = new Set(outcome.done);
    if (gone.size) toast(`${done}: ${named(workers.filter((worker) => gone.has(worker.id)))}.`, { undo: undo && (() => order(workers, undo, "Taken back")) });
    if (outcome.refused.length) toast(outcome.refused[0].detail, { tone: "failed" });
  });
}

/** Buttons for these workers; each is there if it does something for one of them, and is for those only. */
export function buttons(workers) {
  const list = workers();
  const button = (label, fits, work, kind = "") => list.some(fits) && h(`button${kind}`, { type: "button", onclick: () => work(workers().filter(fits)) }, label);
  const each = () => true;
  return [
    button("Enable", (worker) => !worker.enabled || worker.state === "error", (them) => order(them, { enabled: true, state: "run" }, "Enabled", { enabled: false })),
    button("Disable", (worker) => worker.enabled, (them) => order(them, { enabled: false }, "Disabled", { enabled: true })),
    button("Wake", (worker) => worker.enabled && worker.state === "asleep", wake),
    button("Sleep…", (worker) => worker.state === "awake", (them) => now(them, "sleep", "Send to sleep", "Sleeps", { state: "run" })),
    button("Restart…", each, (them) => now(them, "restart", "Restart", "Restarts", { state: "run" })),
    button("Shut down…", each, (them) => now(them, "shutdown", "Shut down", "Shuts down", { state: "run" }), ".danger"),
    button("Tags…", each, tags),
    button("Schedule…", each, editSchedule),
  ];
}

/** Wake those that somebody sent to sleep; a schedule is stronger than that, so who sleeps by one is told of. */
async function wake(workers) {
  const asked = workers.filter((worker) => worker.orders?.state === "sleep" || !worker.orders?.schedule), scheduled = workers.filter((worker) => !asked.includes(worker));
  if (asked.length) await order(asked, { state: "run" }, "Woken", { state: "sleep" });
  if (scheduled.length) toast(`${named(scheduled)}: asleep by schedule, and so until that ends or is changed.`, { tone: "queued", undo: () => editSchedule(scheduled), action: "Schedule…" });
}

async function now(workers, state, verb, done, undo) {
  const after = h("input", { type: "radio", name: "when", value: "after", checked: true }), at = h("input", { type: "radio", name: "when", value: "now" });
  const sure = await ask(`${verb} ${named(workers)}`, h("div.form", {}, h("label", {}, after, " after the task that it has"), h("label", {}, at, " now: its task goes back to the queue")), verb, { danger: state === "shutdown" });
  if (sure) await order(workers, { state, when: at.checked ? "now" : "after" }, `${done} ${at.checked ? "now" : "after the task"}`, undo);
}

async function tags(workers) {
  const common = workers[0].tags.filter((tag) => workers.every((worker) => worker.tags.includes(tag)));
  const input = h("input", { value: common.join(", "), maxLength: 400 });
  const wanted = await form(`Tags of ${named(workers)}`, h("label", {}, "With commas between", input), "Set them", () => input.value.split(",").map((tag) => tag.trim()).filter(Boolean));
  if (wanted) await order(workers, { tags: wanted }, `Tags are ${wanted.join(", ") || "none"}`);
}

/** What was ordered and is not done yet, in words. */
export function pending(worker) {
  const wish = worker.orders;
  if (!wish) return "";
  const when = wish.when === "now" ? "now" : "after its task";
  if (wish.state === "restart") return `restarts ${when}`;
  if (wish.state === "shutdown") return `shuts down ${when}`;
  if (wish.state === "sleep" && worker.state !== "asleep") return `sleeps ${when}`;
  if (wish.state === "run" && worker.state === "asleep" && worker.enabled) return wish.schedule ? "sleeps by its schedule" : "wakes up";
  return wish.enabled === false && worker.current.length ? "takes no more after its task" : "";
}

/** A worker's state in one word: what is wrong with it, else what it does. */
export const stateOf = (worker) => (!worker.enabled ? "disabled" : worker.state === "awake" && worker.current.length ? "rendering" : worker.state === "awake" ? "idle" : worker.state);
export const toneOf = (worker) => ({ disabled: "canceled", rendering: "processing", idle: "awake" })[stateOf(worker)] ?? worker.state;
export const failureRate = (worker) => {
  const { completed, failed } = worker.last_day;
  return completed + failed ? failed / (completed + failed) : null;
};
