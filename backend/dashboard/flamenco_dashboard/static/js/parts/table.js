// A live table of many rows: Tabulator with our looks, rows that change in place, columns that the viewer chooses and the URL keeps.
import { TabulatorFull as Tabulator } from "../../vendor/tabulator.js";
import { h } from "../core/dom.js";
import { open } from "../core/dialog.js";

/** A table in `place`; `columns` are Tabulator's. Gives the table once it is built. */
export function table(place, { columns, name, label, sort, empty = "Nothing here", ...more }) {
  const hidden = new Set(remembered(name) ?? columns.filter((each) => each.optional).map((each) => each.field));
  const made = new Tabulator(place, {
    index: "id",
    height: "100%",
    layout: "fitColumns",
    placeholder: empty,
    columns: columns.map(({ optional, ...column }) => ({ minWidth: 60, headerTooltip: true, ...column, visible: !hidden.has(column.field) })),
    initialSort: sort,
    headerSortTristate: false,
    columnDefaults: { vertAlign: "middle", resizable: true },
    keybindings: false,
    ...more,
  });
  place.setAttribute("aria-label", label);
  return new Promise((resolve) => made.on("tableBuilt", () => resolve(made)));
}

/** A button that lets the viewer choose columns. */
export function columnButton(made, name) {
  return h("button", { type: "button", onclick: async () => {
    const choices = made.getColumns().filter((column) => column.getDefinition().title);
    const boxes = choices.map((column) => {
      const box = h("input", { type: "checkbox", checked: column.isVisible() });
      return { column, box, row: h("label", {}, box, ` ${column.getDefinition().title}`) };
    });
    if (await open("Columns", h("div.form", {}, boxes.map((each) => each.row)), [{ label: "Cancel", value: false }, { label: "Show these", value: true, kind: "primary" }])) {
      for (const { column, box } of boxes) (box.checked ? column.show() : column.hide());
      remember(name, made.getColumns().filter((column) => !column.isVisible()).map((column) => column.getField()));
    }
  } }, "Columns");
}

function remembered(name) {
  try { return JSON.parse(localStorage.getItem(`columns.${name}`)); } catch { return null; }
}
function remember(name, fields) {
  try { localStorage.setItem(`columns.${name}`, JSON.stringify(fields)); } catch { /* it holds for this page then */ }
}
