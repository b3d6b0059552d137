// Memory (and time) as a graph: of a run's own frames, or of one frame among those of its step.
import uPlot from "../../../vendor/uplot.js";
import { h, fill } from "../../core/dom.js";
import { duration, megabytes } from "../../core/format.js";
import { colour } from "../../core/frame.js";

const TALL = 190;

/** A graph of rows {label, memory, seconds, own}; `own` ones are marked. Gives its element. */
export function memoryGraph(rows, name) {
  const place = h("div.memory-graph", { role: "img", "aria-label": name });
  const facts = h("p.hint");
  const element = h("div", {}, place, facts);
  let chart = null;
  const peak = rows.reduce((most, row) => (row.memory > most.memory ? row : most), rows[0]);
  fill(facts, `Most: ${megabytes(peak.memory)}, ${/^-?\d+$/.test(peak.label) ? "frame " : ""}${peak.label}. `, h("span.graph-key", {}, "memory"), h("span.graph-key.time", {}, "time"));
  const draw = () => {
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") }, font: "12px system-ui" };
    chart?.destroy();
    chart = new uPlot({
      width: place.clientWidth || 320, height: TALL, legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, range: [-0.5, Math.max(0.5, rows.length - 0.5)] }, mb: { range: (_u, _least, most) => [0, Math.max(1, most * 1.1)] }, s: { range: (_u, _least, most) => [0, Math.max(0.1, most * 1.1)] } },
      axes: [{ ...axis, values: (_u, ticks) => ticks.map((at) => (Number.isInteger(at) && rows[at] ? rows[at].label : "")) }, { ...axis, scale: "mb", size: 66, values: (_u, ticks) => ticks.map((value) => (value ? megabytes(value) : "0")) },
        { ...axis, scale: "s", side: 1, size: 56, grid: { show: false }, values: (_u, ticks) => ticks.map(duration) }],
      series: [{},
        { scale: "mb", stroke: colour("processing"), fill: colour("processing-soft"), width: 2, points: { show: rows.length < 60, size: 5 } },
        { scale: "s", stroke: colour("paused"), width: 1.5, points: { show: rows.length < 60, size: 4 } },
        { scale: "mb", stroke: colour("accent"), fill: colour("accent"), paths: () => null, points: { show: true, size: 10, fill: colour("accent") } }],
    }, [rows.map((_, at) => at), rows.map((row) => row.memory), rows.map((row) => row.seconds), rows.map((row) => (row.own ? row.memory : null))], fill(place));
  };
  new ResizeObserver(() => { if (!chart) draw(); else chart.setSize({ width: place.clientWidth, height: TALL }); }).observe(place);
  document.documentElement.addEventListener("themechange", () => place.isConnected && draw());
  return element;
}
