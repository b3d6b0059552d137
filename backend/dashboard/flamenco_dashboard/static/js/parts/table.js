// A live table of many rows: Tabulator with our looks, rows that change in place, and columns that follow their viewer.
import { TabulatorFull as Tabulator } from "../../vendor/tabulator.js";
import { h } from "../core/dom.js";
import { open } from "../core/dialog.js";
import { prefer, preference } from "../core/prefs.js";
import { attempt } from "../core/toast.js";

/** A table in `place`; `columns` are Tabulator's. Gives the table once it is built. */
export async function table(place, { columns, name, label, sort, empty = "Nothing here", selectableRows, ...more }) {
  const chosen = await preference(`columns.${name}`, null);
  // Columns without a name cannot be chosen.
  const hidden = new Set(columns.filter((each) => (chosen && each.title ? chosen.includes(each.field) : each.optional)).map((each) => each.field));
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
    selectableRows: selectableRows && "highlight", // clicks are the page's: with true, Tabulator would undo what the page does
    ...more,
  });
  place.setAttribute("aria-label", label);
  await new Promise((resolve) => made.on("tableBuilt", resolve));
  // Tabulator lets what scrolls be focused and gives it no role; rows stand in a group that has one.
  place.querySelector(".tabulator-tableholder").setAttribute("role", "rowgroup");
  place.querySelector(".tabulator-table").setAttribute("role", "none");
  return made;
}

/** A button that lets the viewer choose columns. */
export function columnButton(made, name) {
  return h("button", { type: "button", onclick: async () => {
    const boxes = made.getColumns().filter((column) => column.getDefinition().title).map((column) => {
      const box = h("input", { type: "checkbox", checked: column.isVisible() });
      return { column, box, row: h("label", {}, box, ` ${column.getDefinition().title}`) };
    });
    if (!(await open("Columns", h("div.form", {}, boxes.map((each) => each.row)), [{ label: "Cancel", value: false }, { label: "Show these", value: true, kind: "primary" }]))) return;
    for (const { column, box } of boxes) (box.checked ? column.show() : column.hide());
    const hidden = boxes.filter(({ box }) => !box.checked).map(({ column }) => column.getField());
    await attempt(() => prefer(`columns.${name}`, [], () => hidden));
  } }, "Columns");
}
