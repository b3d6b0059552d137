// Render-settings presets: named overrides of what a scene says. Those of the farm's files are copied, not changed.
import { del, get, may, put } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ask } from "../../core/dialog.js";
import { toast } from "../../core/toast.js";
import { overridesEditor } from "../job/overrides.js";
import { asked, doing, labeled, rows } from "../settings.js";

export async function presets(again) {
  const { items } = await get("/render-settings");
  const names = new Set(items.map((each) => each.name));
  const changes = (each) => (each.error ? h("p.problem", {}, each.error) : h("div.row.overrides", {}, Object.entries(each.overrides).map(([name, value]) => h("code.tag", {}, `${name.replaceAll("_", " ")}: ${plain(value)}`))));
  const actions = (each) => h("div.row.row-actions", {}, doing("Edit…", () => edit(each, names), again), doing("Copy…", () => edit(copy(each, names), names, true), again), each.editable ? doing("Delete…", () => remove(each), again, ".danger") : "");
  return [h("div.row", {}, may("supervisor") ? doing("Make a preset…", () => edit({ name: "", label: "", help: "", overrides: {}, editable: true }, names, true), again, ".primary") : "", h("span.hint.grow", {}, "Laid over a file's own render settings when a worker opens it. Artists choose them when they submit.")), rows([
    ["Name", (each) => [h("strong", {}, each.label || each.name), h("div.hint", {}, each.name), each.editable ? "" : h("span.tag", {}, "from a file")]], ["What for", (each) => each.help], ["Changes", changes],
    ...(may("supervisor") ? [["", actions]] : []),
  ], items, "No presets.", { search: "Search presets" })];
}

const plain = (value) => (value === true ? "yes" : value === false ? "no" : String(value));

function copy(preset, names) {
  const name = [`${preset.name}-copy`, ...Array.from({ length: 98 }, (_, at) => `${preset.name}-copy-${at + 2}`)].find((each) => !names.has(each));
  return { ...preset, name, label: preset.label ? `${preset.label} (copy)` : "", editable: true };
}

async function edit(preset, names, fresh = false) {
  const name = h("input", { name: "name", required: true, maxLength: 60, value: preset.name, disabled: !fresh, pattern: "[a-z0-9][a-z0-9_\\-]*", title: "small letters, digits and _ -", autocomplete: "off", placeholder: "quick-look" });
  const label = h("input", { name: "label", maxLength: 200, value: preset.label, placeholder: "Quick look" }), help = h("textarea", { name: "help", rows: 2, maxLength: 2000, value: preset.help });
  const editor = overridesEditor(preset.overrides, false);
  editor.element.setAttribute("name", "overrides");
  const save = async () => {
    const wanted = name.value.trim();
    if (fresh && names.has(wanted)) throw Object.assign(new Error(`There is a preset “${wanted}” already: give this one another name.`), { field: "name" });
    const overrides = editor.read();
    if (!Object.keys(overrides).length) throw Object.assign(new Error("It changes nothing yet: add a setting."), { field: "overrides" });
    return put(`/render-settings/${encodeURIComponent(wanted)}`, { label: label.value.trim(), help: help.value.trim(), overrides });
  };
  const note = preset.editable || fresh ? "" : h("p.hint", {}, "This one is a file on the server. What you save here stands above the file; deleting it brings the file's own back.");
  if (await asked(fresh ? "Make a preset" : `Edit ${preset.label || preset.name}`, [note, labeled("Name", name, "Small letters, digits, _ and -; it is what programs call it."), labeled("Title", label), labeled("What for", help), editor.element], "Save", save)) toast("Saved: jobs that are sent from now on have it.");
}

async function remove(preset) {
  if (!await ask(`Delete ${preset.label || preset.name}`, "Jobs that are here already keep what it was. If a file of the server has this name, that counts again.", "Delete", { danger: true })) return;
  await del(`/render-settings/${encodeURIComponent(preset.name)}`);
  toast(`Deleted ${preset.label || preset.name}.`, { undo: () => put(`/render-settings/${encodeURIComponent(preset.name)}`, { label: preset.label, help: preset.help, overrides: preset.overrides }).then(() => location.reload()) });
}
