// The steps of a job as a graph: from left to right, each after those that it waits for.
import { h, fill } from "../../core/dom.js";
import { counted, duration, percent } from "../../core/format.js";
import { bar } from "../states.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 230, TALL = 104, BESIDE = 70, BELOW = 20;

export function steps(model) {
  const element = h("section.scroll-x", { tabIndex: 0, "aria-label": "Steps" });
  const draw = () => {
    const list = model.steps;
    const depth = new Map();
    const deep = (step) => {
      if (!depth.has(step.name)) depth.set(step.name, step.after.length ? 1 + Math.max(...step.after.map((name) => deep(list.find((each) => each.name === name)))) : 0);
      return depth.get(step.name);
    };
    list.forEach(deep);
    const used = new Map(), spots = new Map();
    for (const step of list) {
      const column = depth.get(step.name), row = used.get(column) ?? 0;
      used.set(column, row + 1);
      spots.set(step.name, { x: column * (WIDE + BESIDE), y: row * (TALL + BELOW) });
    }
    const width = (Math.max(...depth.values(), 0) + 1) * (WIDE + BESIDE), height = Math.max(...used.values(), 1) * (TALL + BELOW);
    const lines = document.createElementNS(SVG, "svg");
    lines.setAttribute("width", width);
    lines.setAttribute("height", height);
    lines.setAttribute("aria-hidden", "true");
    for (const step of list) {
      for (const name of step.after) lines.append(arrow(spots.get(name), spots.get(step.name)));
    }
    fill(element, h("div.steps", { style: { width: `${width}px`, height: `${height}px` } }, lines, list.map((step) => card(step, spots.get(step.name)))));
  };
  const card = (step, { x, y }) => h("div.card.step", { style: { left: `${x}px`, top: `${y}px`, width: `${WIDE}px` } },
    h("div.row", {}, h("strong.grow.cut", {}, step.name), h("span.num", {}, percent(step.progress))), bar(step.counts, step.total),
    h("div.hint", {}, `${counted(step.total, "task")}${step.mean_seconds ? `, ${duration(step.mean_seconds)} each` : ""}`),
    h("div.hint.cut", {}, step.template.map((command) => command.type ?? command.command ?? "").filter(Boolean).join(", "), step.after.length ? `, after ${step.after.join(" and ")}` : ""));
  model.addEventListener("job", draw);
  if (model.job) draw();
  return element;
}

function arrow(from, to) {
  const path = document.createElementNS(SVG, "path");
  const x1 = from.x + WIDE, y1 = from.y + TALL / 2, x2 = to.x, y2 = to.y + TALL / 2;
  path.setAttribute("d", `M${x1} ${y1} C${x1 + 40} ${y1} ${x2 - 40} ${y2} ${x2} ${y2} m-7 -5 l7 5 l-7 5`);
  path.setAttribute("class", "step-arrow");
  return path;
}
