// Why tasks failed, alike reasons together.
import { mayChange, post } from "../../core/api.js";
import { h, fill } from "../../core/dom.js";
import { counted } from "../../core/format.js";
import { attempt, toast } from "../../core/toast.js";

export function failures(model) {
  const element = h("section.card.failures", { hidden: true, "aria-label": "Why tasks failed" });
  const draw = () => {
    const list = model.job.failures;
    element.hidden = !list.length;
    const still = model.job.counts.failed > 0;
    element.dataset.still = still;
    const mark = JSON.stringify([list, model.job.counts.failed, mayChange(model.job)]);
    if (element.dataset.mark === mark) return;
    element.dataset.mark = mark;
    const requeue = () => attempt(async () => { await post(`/jobs/${model.id}/requeue`, { failed: true }); toast("Requeued the failed tasks."); });
    fill(element, h("div.row", {}, h("h2.grow", {}, still ? "Why tasks failed" : "What failed on the way, and was done again"), still && mayChange(model.job) ? h("button", { type: "button", onclick: requeue }, `Requeue ${counted(model.job.counts.failed, "failed task")}`) : ""),
      h("ul", {}, list.map((each) => h("li", {}, h("strong", {}, each.reason), h("span.muted", {}, `: ${where(each)}`)))));
  };
  model.addEventListener("job", draw);
  return element;
}
const where = (each) => [each.tasks ? counted(each.tasks, "task") : counted(each.count, "time"), each.workers ? counted(each.workers, "worker") : ""].filter(Boolean).join(", ");
