// Pieces of the settings pages: a list that is fetched, drawn as a table, and drawn again after each change.
import { h, fill } from "../core/dom.js";
import { attempt, complain } from "../core/toast.js";

/** A table of rows; `columns`: [title, cell(row)] each. */
export const rows = (columns, list, empty) => (list.length
  ? h("div.scroll-x", {}, h("table.plain", {}, h("tr", {}, columns.map(([title]) => h("th", {}, title))), list.map((row) => h("tr", {}, columns.map(([, cell]) => h("td", {}, cell(row)))))))
  : h("p.empty", {}, empty));

/** A section that fetches and draws itself: `draw(again)` gives its content. */
export function section(draw) {
  const element = h("div.stack");
  const again = async () => {
    try { fill(element, await draw(again)); } catch (error) { complain(error); fill(element, h("p.problem", {}, error.message)); }
  };
  again();
  return element;
}

/** A button that does something and draws its section anew. */
export const doing = (label, work, again, kind = "") => h(`button${kind}`, { type: "button", onclick: async () => { if (await attempt(work)) again(); } }, label);
