// How long each task took, with the outliers marked.
import uPlot from "../../../vendor/uplot.js";
import { get } from "../../core/api.js";
import { h, fill, steadily } from "../../core/dom.js";
import { counted, duration, megabytes } from "../../core/format.js";
import { colour } from "../../core/frame.js";
import { complain } from "../../core/toast.js";

const TALL = 300;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400]; // seconds

export function times(model) {
  const place = h("div.chart.card");
  const facts = h("p.muted");
  const slow = h("div");
  const element = h("section", { "aria-label": "Frame times" }, facts, place, slow);
  let chart = null;
  const wide = () => Math.max(200, place.clientWidth - 32); // without the card's own margins

  const load = steadily(async () => {
    try {
      const found = await get(`/jobs/${model.id}/times`);
      // The newest run of a task comes first, and counts.
      const newest = new Map(found.task.map((task, at) => [task, at]).reverse());
      draw([...newest].map(([task, at]) => ({ task, at: model.place.get(task), seconds: found.seconds[at], memory: found.memory_mb[at], worker: found.workers[found.worker[at]] }))
        .filter((each) => each.at !== undefined).sort((a, b) => a.at - b.at));
    } catch (error) { complain(error); }
  }, 1500);

  const draw = (rows) => {
    if (!rows.length) { fill(facts, "No task has finished yet."); return; }
    const sorted = rows.map((each) => each.seconds).sort((a, b) => a - b);
    const quantile = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    const median = quantile(0.5), limit = quantile(0.75) + 3 * (quantile(0.75) - quantile(0.25)) + 0.5;
    const outliers = rows.filter((each) => each.seconds > limit).sort((a, b) => b.seconds - a.seconds);
    fill(facts, `Median ${duration(median)}, 9 of 10 within ${duration(quantile(0.9))}, slowest ${duration(sorted.at(-1))}. ${outliers.length ? `${counted(outliers.length, "task")} took much longer than the others.` : "No outliers."}`);
    plot(rows, limit);
    fill(slow, outliers.length ? h("div.scroll-x", { tabIndex: 0, role: "region", "aria-label": "Tasks that took much longer" }, h("table.plain", {}, h("tr", {}, ["Frame", "Step", "Time", "Memory", "Worker"].map((text) => h("th", {}, text))),
      outliers.slice(0, 20).map((each) => h("tr", {}, h("td", {}, h("a", { href: `/jobs/${model.id}/tasks/${each.task}` }, model.grid.label[each.at] || "task")), h("td", {}, model.grid.steps[model.grid.step[each.at]]),
        h("td.num", {}, duration(each.seconds)), h("td.num", {}, megabytes(each.memory)), h("td", {}, h("a", { href: `/workers/${each.worker}` }, model.name(each.worker))))))) : "");
  };
  const plot = (rows, limit) => {
    const data = [rows.map((_, at) => at), rows.map((each) => (each.seconds > limit ? null : each.seconds)), rows.map((each) => (each.seconds > limit ? each.seconds : null))];
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") } };
    chart?.destroy();
    chart = new uPlot({
      width: wide(), height: TALL, scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.08)] } }, legend: { show: false },
      axes: [{ ...axis, values: (_, ticks) => ticks.map((at) => (Number.isInteger(at) && rows[at] ? model.grid.label[rows[at].at] : "")) }, { ...axis, size: 76, incrs: STEPS, values: (_, ticks) => ticks.map((tick) => duration(tick).replace(/ 0 (s|min|h)$/, "")) }],
      series: [{}, { stroke: colour("processing"), width: 1, points: { show: true, size: 6, fill: colour("processing") }, paths: () => null }, { stroke: colour("failed"), points: { show: true, size: 10, fill: colour("failed") }, paths: () => null }],
    }, data, fill(place));
  };
  new ResizeObserver(() => chart && chart.setSize({ width: wide(), height: TALL })).observe(place);
  document.documentElement.addEventListener("themechange", load);
  model.addEventListener("job", load);
  model.addEventListener("grid", load);
  load();
  return element;
}
