// Variables of the whole farm: names for what differs from platform to platform, as a table.
import { get, may, put } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { toast } from "../../core/toast.js";
import { forgive, refuse, time } from "../settings.js";

const PLATFORMS = [["linux", "Linux", "/mnt/projects"], ["windows", "Windows", "P:/"], ["darwin", "macOS", "/Volumes/projects"], ["all", "All others", ""]];

export async function variables(again) {
  const setting = await get("/settings/variables");
  const mayEdit = may("admin");
  const body = h("tbody");
  let touched = false;
  const add = (name, given) => { const row = variableRow(name, given, mayEdit); body.append(row); return row; };
  for (const [name, given] of Object.entries(setting.value ?? {})) add(name, given);
  const empty = h("p.empty", {}, "No variables yet.");
  const tell = () => { empty.hidden = body.children.length > 0; table.hidden = !empty.hidden; };
  const save = async (event) => {
    event.preventDefault();
    forgive(form);
    form.querySelector(".problem").hidden = true;
    try {
      await nobodyElse(setting);
      await put("/settings/variables", { value: read(body) });
      touched = false;
      removeEventListener("beforeunload", warn);
      toast("Saved: managers have it within half a minute.");
      again();
    } catch (error) { refuse(form, error); }
  };
  const warn = (event) => { if (touched && form.isConnected) event.preventDefault(); };
  addEventListener("beforeunload", warn);
  const table = h("div.scroll-x", {}, h("table.plain.variables", {}, h("thead", {}, h("tr", {}, ["Name", ...PLATFORMS.map(([, label]) => label), "Paths are translated"].map((label) => h("th", { scope: "col" }, label)), mayEdit ? h("td") : "")), body));
  const form = h("form.stack", { onsubmit: save, oninput: () => { touched = true; }, novalidate: true }, empty, table, h("p.problem", { role: "alert", hidden: true }),
    mayEdit ? h("div.row", {}, h("button", { type: "button", onclick: () => { add("", {}).querySelector("input").focus(); touched = true; tell(); } }, "Add a variable"), h("button.primary", {}, "Save")) : h("p.hint", {}, "Admins may change these."));
  form.addEventListener("removed", () => { touched = true; tell(); });
  tell();
  return [h("p.muted", {}, "A command's {name} becomes the value for its worker's platform. Where paths are translated, a path that begins with the value of one platform is turned into that of the worker's. A site's own variable of the same name wins."), form,
    setting.changed_at ? h("p.hint", {}, `Changed by ${setting.changed_by}, `, time(setting.changed_at), ".") : ""];
}

function variableRow(name, given, mayEdit) {
  const key = `value.${name}`;
  const input = h("input.mono", { name: key, value: name, disabled: !mayEdit, maxLength: 100, "aria-label": "Name", placeholder: "projects", autocomplete: "off", spellcheck: false, data: { part: "name" } });
  const texts = PLATFORMS.map(([platform, label, example]) => h("input.mono", { name: `${key}.${platform}`, value: given[platform] ?? "", disabled: !mayEdit, "aria-label": `${label}: value of ${name || "this variable"}`, placeholder: name ? "" : example, autocomplete: "off", spellcheck: false, data: { part: platform } }));
  const twoWay = h("input", { type: "checkbox", name: `${key}.two_way`, checked: Boolean(given.two_way), disabled: !mayEdit, "aria-label": `Paths are translated by ${name || "this variable"}`, data: { part: "two_way" } });
  // The names of the fields follow the variable's, so that the farm's errors find them.
  input.addEventListener("input", () => { for (const each of row.querySelectorAll("[data-part]")) each.name = `value.${input.value.trim()}${each === input ? "" : `.${each.dataset.part}`}`; });
  const remove = () => { const form = row.closest("form"); row.remove(); form.dispatchEvent(new Event("removed")); };
  const row = h("tr", {}, [["Name", input], ...PLATFORMS.map(([, label], at) => [label, texts[at]]), ["Paths are translated", twoWay]].map(([title, field]) => h("td", { data: { title } }, field)),
    mayEdit ? h("td", {}, h("button.quiet", { type: "button", "aria-label": `Remove ${name || "this variable"}`, onclick: remove }, "Remove")) : "");
  return row;
}

/** What the rows say; throws for what only the table knows: a name twice, none, or no value at all. */
function read(body) {
  const value = {};
  for (const row of body.children) {
    const part = (name) => row.querySelector(`[data-part="${name}"]`);
    const name = part("name").value.trim();
    const texts = PLATFORMS.map(([platform]) => [platform, part(platform).value]).filter(([, text]) => text !== "");
    const wrong = !name ? "A variable needs a name." : name in value ? `There are two variables “${name}”: give one another name.` : !texts.length ? `The variable ${name} needs a value for one platform at least.` : "";
    if (wrong) {
      // Its field's own name may be another row's, too.
      part("name").name = "guilty";
      throw Object.assign(new Error(wrong), { field: "guilty" });
    }
    value[name] = { ...Object.fromEntries(texts), ...(part("two_way").checked ? { two_way: true } : {}) };
  }
  return value;
}

/** Refuse to write over what somebody else saved since this table was drawn. */
async function nobodyElse(setting) {
  const now = await get("/settings/variables");
  if (now.changed_at !== setting.changed_at) throw new Error(`${now.changed_by} changed the variables meanwhile. Note what you typed and reload the page, so that nothing of theirs is lost.`);
}
