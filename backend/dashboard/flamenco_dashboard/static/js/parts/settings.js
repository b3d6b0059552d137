// Pieces of the settings pages: lists, forms whose errors stand at their fields, and secrets that are told once.
import { del } from "../core/api.js";
import { ask, form, open } from "../core/dialog.js";
import { h, fill, steadily } from "../core/dom.js";
import { exactly, moment } from "../core/format.js";
import { on, onReset } from "../core/live.js";
import { attempt, complain, toast } from "../core/toast.js";

const sought = new Map(); // what stands in the search fields, when their list is drawn anew

/** A table of rows; `columns`: [title, cell(row)] each; `search`: a field above it keeps rows with what is typed. */
export function rows(columns, list, empty, { search = "" } = {}) {
  if (!list.length) return h("p.empty", {}, empty);
  const lines = list.map((row) => h("tr", {}, columns.map(([title, cell]) => h("td", { data: { title } }, h("div", {}, cell(row))))));
  const found = h("div.scroll-x", {}, h("table.plain.listing", {}, h("thead", {}, h("tr", {}, columns.map(([title]) => (title ? h("th", { scope: "col" }, title) : h("td"))))), h("tbody", {}, lines)));
  if (!search || list.length < 8) return found;
  const keep = (text) => {
    sought.set(search, text);
    for (const line of lines) line.hidden = !line.textContent.toLowerCase().includes(text.trim().toLowerCase());
  };
  keep(sought.get(search) ?? "");
  return [h("input.search", { type: "search", value: sought.get(search), placeholder: search, "aria-label": search, oninput: (event) => keep(event.target.value) }), found];
}

/** A section that fetches and draws itself, and again when one of these kinds of things changes: `draw(again)` gives its content. */
export function section(draw, kinds = []) {
  const element = h("div.stack", { "aria-busy": "true" });
  let stale = false;
  const inUse = () => element.contains(document.activeElement) || Boolean(document.querySelector("dialog[open]"));
  const again = async () => {
    stale = false;
    try { refill(element, await draw(again)); } catch (error) { complain(error); fill(element, h("p.problem", {}, error.message), h("div", {}, h("button", { type: "button", onclick: again }, "Try again"))); }
    element.setAttribute("aria-busy", "false");
  };
  // What others change is not drawn under the hands of who types or is about to press something.
  const soon = steadily(async () => { if (inUse()) stale = true; else await again(); }, 500);
  element.addEventListener("focusout", () => setTimeout(() => { if (stale && !inUse()) again(); }));
  for (const kind of kinds) on(kind, soon);
  if (kinds.length) onReset(soon);
  again();
  return element;
}

/** Fill an element; who was in it with the keyboard stays at the same place. */
function refill(element, content) {
  const controls = () => [...element.querySelectorAll("a[href], button, input, select, textarea")];
  const at = controls().indexOf(document.activeElement);
  fill(element, content);
  if (at >= 0) (controls()[at] ?? controls().at(-1))?.focus({ preventScroll: true });
}

/** A button that does something and draws its section anew. */
export const doing = (label, work, again, kind = "") => h(`button${kind}`, { type: "button", onclick: async () => { if (await attempt(work)) again(); } }, label);

export const labeled = (label, input, help = "") => h("label", {}, label, input, help && h("span.hint", {}, help));
export const time = (text, none = "–") => h("time", { datetime: text ?? "", title: exactly(text) }, text ? moment(text) : none);
export const choice = (given, options, props = {}) => h("select", props, options.map((each) => {
  const [value, label] = Array.isArray(each) ? each : [each, each];
  return h("option", { value, selected: value === given }, label);
}));

/** A form in a dialog; what the farm says against a field stands below that field, and nothing typed is lost. */
export const asked = (title, fields, yes, save) => form(title, fields, yes, async (body) => {
  forgive(body);
  try { return (await save(body)) ?? true; } catch (error) { blame(body, error); throw error; }
});

/** Put the form's `.problem` below the field that an error names, and the focus into that field; gives whether it has one. */
export function blame(body, error) {
  const path = (error.field ?? "").split(".");
  const names = [path.join("."), path.at(-1), ...path.map((_, at) => path.slice(0, at + 1).join(".")).reverse()];
  const guilty = names.filter(Boolean).map((name) => body.querySelector(`[name="${CSS.escape(name)}"]`)).find(Boolean);
  if (!guilty) return false;
  guilty.setAttribute("aria-invalid", "true");
  (guilty.closest("label") ?? guilty).after(body.querySelector(".problem"));
  guilty.focus();
  return true;
}

/** Take marks of errors away. */
export function forgive(body) {
  for (const marked of body.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
}

/** Say at the foot of a form, or at the guilty field, what is wrong. */
export function refuse(body, error) {
  const problem = body.querySelector(".problem");
  problem.textContent = error.message;
  problem.hidden = false;
  blame(body, error);
}

/** A text to copy, with the button for it; works where the page is not served by https, too. */
export function copyable(text) {
  const shown = h("pre.copy.grow", { tabIndex: 0, "aria-label": "To copy" }, text);
  const copy = async () => {
    getSelection().selectAllChildren(shown);
    try { await (navigator.clipboard ? navigator.clipboard.writeText(text) : document.execCommand("copy")); } catch { /* it is selected: Ctrl-C does it */ }
    button.textContent = "Copied";
  };
  const button = h("button", { type: "button", onclick: copy }, "Copy");
  return h("div.row.copy-row", {}, shown, button);
}

/** Tell a secret, once. */
export const told = (title, sentence, secret) => open(title, h("div.stack", {}, h("p", {}, sentence), copyable(secret)), [{ label: "I have it", value: true, kind: "primary" }]);

/** Ask, then delete. */
export async function removed(title, content, path, yes = "Delete") {
  if (!await ask(title, content, yes, { danger: true })) return;
  await del(path);
  toast(`${title}: done.`);
}
