// Single render settings that are laid over the file's own: rows of a name and a value.
import { h } from "../../core/dom.js";

const WHOLE = ["samples", "resolution_x", "resolution_y", "resolution_percentage", "quality", "simplify_subdivision", "threads", "max_bounces"];
const YES_NO = ["denoise", "adaptive_sampling", "film_transparent", "motion_blur", "simplify", "persistent_data", "use_compositing"];
// The same names as the server's OVERRIDE_NAMES; it refuses others and says which there are.
const NAMES = [...WHOLE, ...YES_NO, "fps", "engine", "device", "format", "color_mode", "color_depth", "exr_codec"].sort();

/** An editor of `given`: {element, read()}. */
export function overridesEditor(given, disabled) {
  const rows = h("div.override-rows");
  const add = (name = "", value = "") => {
    const key = h("input", { value: name, "aria-label": "Render setting", disabled, list: "override-names", placeholder: "setting" });
    key.setAttribute("list", "override-names");
    const input = h("input", { value: String(value), name: name || null, "aria-label": `Value of ${name || "the setting"}`, disabled, placeholder: "value" });
    key.addEventListener("change", () => { input.name = key.value.trim(); input.placeholder = YES_NO.includes(key.value) ? "true or false" : "value"; });
    const row = h("div.row.override-row", {}, key, input, disabled ? "" : h("button.quiet", { type: "button", "aria-label": `Remove ${name || "this setting"}`, onclick: () => { row.remove(); rows.dispatchEvent(new Event("input", { bubbles: true })); } }, "×"));
    rows.append(row);
    return key;
  };
  for (const [name, value] of Object.entries(given)) add(name, value);
  const read = () => {
    const found = {};
    for (const row of rows.children) {
      const [key, value] = [...row.querySelectorAll("input")].map((each) => each.value.trim());
      if (!key) continue;
      found[key] = converted(key, value);
    }
    return found;
  };
  const element = h("fieldset", {}, h("legend", {}, "Single settings"), h("datalist", { id: "override-names" }, NAMES.map((value) => h("option", { value }))), rows,
    Object.keys(given).length || !disabled ? "" : h("p.muted", {}, "none"), disabled ? "" : h("button", { type: "button", onclick: () => add().focus() }, "Add a setting"));
  return { element, read };
}

function converted(name, text) {
  if (YES_NO.includes(name)) {
    if (["true", "yes", "on", "1"].includes(text.toLowerCase())) return true;
    if (["false", "no", "off", "0"].includes(text.toLowerCase())) return false;
    throw Object.assign(new Error(`${name} must be true or false`), { field: name });
  }
  if (WHOLE.includes(name) || name === "fps") {
    const number = Number(text);
    if (text === "" || Number.isNaN(number)) throw Object.assign(new Error(`${name} must be a number`), { field: name });
    return number;
  }
  return text;
}
