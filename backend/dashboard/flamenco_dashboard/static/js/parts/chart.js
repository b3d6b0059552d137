// Charts over time in the theme's colours; each follows its place's width, and says in words what it shows.
import uPlot from "../../vendor/uplot.js";
import { h, fill } from "../core/dom.js";
import { colour } from "../core/frame.js";

/**
 * A chart in an element. `series`: {label, colour, fill, bars, values(value)} each; `say(data)`: what it shows, for those who cannot see it.
 * Gives {element, draw(data)}; data is uPlot's: [seconds, values, …].
 */
export function timeChart({ series, height = 180, most, values, name }) {
  const element = h("div.chart", { role: "img", "aria-label": name, style: { "min-height": `${height}px` } });
  let chart = null, shown = null;
  const build = () => {
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    chart?.destroy();
    chart = new uPlot({
      width: Math.max(200, element.clientWidth), height, legend: { show: false }, padding: [8, 8, 0, 0],
      cursor: { y: false, points: { size: 6 } },
      scales: { y: { range: (_, _low, high) => [0, most ?? Math.max(1, high * 1.1)] } },
      axes: [{ ...axis, space: 70, size: 30, values: (_, ticks) => ticks.map(clock) }, { ...axis, size: 54, values: (_, ticks) => ticks.map(values) }],
      series: [{}, ...series.map((each) => ({
        label: each.label, stroke: colour(each.colour), width: 1.5, fill: each.fill && colour(each.fill), points: { show: few, size: 5 },
        paths: each.bars ? uPlot.paths.bars({ size: [0.85, 40] }) : undefined,
      }))],
    }, shown, fill(element));
  };
  new ResizeObserver(() => { if (chart && Math.abs(chart.width - element.clientWidth) > 2) chart.setSize({ width: Math.max(200, element.clientWidth), height }); }).observe(element);
  document.documentElement.addEventListener("themechange", () => shown && build());
  return { element, draw: (data) => { const first = shown === null; shown = data; if (first) build(); else chart.setData(data); } };
}

// A line through one value has no length: a young farm would look as if it did nothing.
const few = (chart, series) => chart.data[series].filter((value) => value !== null && value !== undefined).length < 3;
const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clock = (seconds) => hours.format(new Date(seconds * 1000));
