// States and progress as they are drawn everywhere.
import { h } from "../core/dom.js";

export const badge = (state, text = state) => h("span.badge", { data: { state } }, text);

const ORDER = ["completed", "processing", "failed", "canceled"];

/** A bar of a job's or step's counts. */
export function bar(counts, total) {
  const parts = ORDER.filter((state) => counts[state]).map((state) =>
    h("span", { data: { state }, style: { width: `${(100 * counts[state]) / Math.max(1, total)}%` }, title: `${counts[state]} ${state}` }));
  const done = Math.round((100 * counts.completed) / Math.max(1, total));
  return h("div.bar", { role: "img", "aria-label": `${done} % done` }, parts);
}
