// A week to paint: asleep or awake, with mouse, finger and keys. On narrow screens the days stand side by side.
import { h } from "../../core/dom.js";
import { DAYS, SLOTS, awake } from "./schedule.js";

const time = (slot) => `${String(Math.floor(slot / 2)).padStart(2, "0")}:${slot % 2 ? "30" : "00"}`;

/** A grid that calls `changed(week)` after each stroke: {element, draw(week), halves(shown)}. */
export function weekGrid(changed, { disabled = false } = {}) {
  let week = awake(), step = 2, current = 0, stroke = null;
  const cells = new Map(); // by half hour
  const element = h("div.week", { role: "grid", "aria-label": "Week of sleep, by day and hour", "aria-multiselectable": "true", "aria-readonly": String(disabled) });

  const build = () => {
    cells.clear();
    element.dataset.step = String(step);
    const slots = Array.from({ length: SLOTS / step }, (_, at) => at * step);
    const head = h("div.week-row", { role: "row" }, h("span.week-corner", { role: "columnheader", "aria-label": "Day" }),
      slots.map((slot) => h(`span.week-hour${slot % 2 ? ".week-half" : ""}`, { role: "columnheader", "aria-label": time(slot) }, slot % 2 ? "" : String(slot / 2))));
    element.replaceChildren(head, ...DAYS.map((name, day) => h("div.week-row", { role: "row" },
      h("span.week-day", { role: "rowheader", "aria-label": name }, name.slice(0, 3)), slots.map((slot) => {
        const cell = h("span.week-cell", { role: "gridcell", tabIndex: -1, data: { at: day * SLOTS + slot } });
        cells.set(day * SLOTS + slot, cell);
        return cell;
      }))));
    current -= current % step;
    show();
  };

  const state = (at) => Array.from(week.subarray(at, at + step)).reduce((sum, each) => sum + each, 0) / step;
  const show = () => {
    for (const [at, cell] of cells) {
      const asleep = state(at);
      const said = asleep === 1 ? "asleep" : asleep ? "partly asleep" : "awake";
      if (cell.dataset.sleep !== said) {
        cell.dataset.sleep = said;
        cell.setAttribute("aria-selected", String(asleep > 0));
        cell.setAttribute("aria-label", `${DAYS[Math.floor(at / SLOTS)]} ${time(at % SLOTS)}, ${said}`);
        cell.title = cell.getAttribute("aria-label");
      }
      cell.tabIndex = at === current ? 0 : -1;
    }
  };

  /** Paint all between two half hours, days and times each. */
  const paint = (from, to, value, before = week) => {
    const [days, times] = [(at) => Math.floor(at / SLOTS), (at) => at % SLOTS].map((part) => [part(from), part(to)].sort((one, other) => one - other));
    week = Uint8Array.from(before);
    for (let day = days[0]; day <= days[1]; day++) week.fill(value, day * SLOTS + times[0], day * SLOTS + times[1] + step);
    show();
  };

  // ---- mouse and finger ----

  element.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest(".week-cell");
    if (!cell || disabled || event.button > 0) return;
    event.preventDefault();
    current = Number(cell.dataset.at);
    stroke = { from: current, before: Uint8Array.from(week), value: state(current) === 1 ? 0 : 1 };
    element.setPointerCapture(event.pointerId);
    paint(current, current, stroke.value, stroke.before);
    cell.focus();
  });
  element.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest(".week-cell");
    if (under && element.contains(under)) paint(stroke.from, Number(under.dataset.at), stroke.value, stroke.before);
  });
  const end = (keep) => {
    if (!stroke) return;
    if (!keep) week = stroke.before;
    stroke = null;
    show();
    if (keep) changed(week);
  };
  element.addEventListener("pointerup", () => end(true));
  element.addEventListener("pointercancel", () => end(false));

  // ---- keys ----

  const upright = () => getComputedStyle(element).gridAutoFlow.startsWith("column");
  element.addEventListener("keydown", (event) => {
    const [days, hours] = upright() ? [["ArrowLeft", "ArrowRight"], ["ArrowUp", "ArrowDown"]] : [["ArrowUp", "ArrowDown"], ["ArrowLeft", "ArrowRight"]];
    const by = { [days[0]]: -SLOTS, [days[1]]: SLOTS, [hours[0]]: -step, [hours[1]]: step, Home: -(current % SLOTS), End: SLOTS - step - (current % SLOTS) }[event.key];
    if (by !== undefined) move(event, by);
    else if ((event.key === " " || event.key === "Enter") && !disabled) {
      event.preventDefault();
      paint(current, current, state(current) === 1 ? 0 : 1);
      changed(week);
    }
  });
  /** With Shift, what one moves to becomes as what one comes from. */
  const move = (event, by) => {
    event.preventDefault();
    const value = state(current) === 1 ? 1 : 0;
    current = (current + by + 7 * SLOTS) % (7 * SLOTS);
    if (event.shiftKey && !disabled) { paint(current, current, value); changed(week); } else show();
    cells.get(current).focus();
  };

  build();
  return {
    element,
    draw: (given) => { week = Uint8Array.from(given); show(); },
    halves: (shown) => { step = shown ? 1 : 2; build(); },
    get isHalves() { return step === 1; },
  };
}
