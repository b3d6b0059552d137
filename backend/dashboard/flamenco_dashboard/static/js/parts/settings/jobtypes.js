// The job types that this farm has, each with its settings; broken ones say what is wrong with them.
import { get } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { counted } from "../../core/format.js";
import { badge } from "../states.js";
import { rows } from "../settings.js";

export async function jobTypes(again) {
  const { items } = await get("/job-types");
  const broken = items.filter((type) => type.error);
  const shown = (type) => h("details.job-type", { open: Boolean(type.error) }, h("summary", {}, h("strong", {}, type.name), h("span.grow", {}, type.help), type.error ? badge("failed", "broken") : h("span.hint", {}, counted(type.settings.length, "setting"))),
    type.error ? h("p.problem", {}, type.error) : rows([["Setting", (each) => each.label], ["Type", (each) => (each.choices.length ? each.choices.join(", ") : each.type)], ["Default", byDefault], ["Help", (each) => each.help]], type.settings, "It has no settings."));
  return [h("div.row", {}, h("span.grow.hint", {}, broken.length ? `${counted(broken.length, "job type")} cannot be used: mend the file on the server, it is read again by itself.` : "One file each in the server's folder of job compilers; an edited file counts at once."), h("button", { type: "button", onclick: again }, "Look again")),
    h("div", {}, [...broken, ...items.filter((type) => !type.error)].map(shown))];
}

function byDefault(setting) {
  if (setting.source) return `the scene's ${setting.source.replaceAll("_", " ")}`;
  if (setting.required || setting.default === null || setting.default === undefined) return setting.required ? "must be given" : "–";
  if (typeof setting.default === "boolean") return setting.default ? "yes" : "no";
  return Array.isArray(setting.default) ? setting.default.join(", ") || "none" : String(setting.default) || "–";
}
