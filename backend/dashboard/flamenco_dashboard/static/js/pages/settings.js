// Settings and people: the sections, of which each has a page of its own.
import { may } from "../core/api.js";
import { h, fill } from "../core/dom.js";
import { given, main } from "../core/frame.js";
import { listen } from "../core/live.js";
import { section } from "../parts/settings.js";
import { farm } from "../parts/settings/farm.js";
import { jobTypes } from "../parts/settings/jobtypes.js";
import { log } from "../parts/settings/log.js";
import { presets } from "../parts/settings/presets.js";
import { projects } from "../parts/settings/projects.js";
import { storage } from "../parts/settings/storage.js";
import { tokens } from "../parts/settings/tokens.js";
import { users } from "../parts/settings/users.js";
import { variables } from "../parts/settings/variables.js";

// Name, title, the least role, what draws it, and the changes at which it is drawn anew; forms are left as they are.
const SECTIONS = [
  ["farm", "Farm", "viewer", farm], ["users", "Users", "admin", users, ["user"]], ["tokens", "Tokens", "viewer", tokens, ["token"]], ["projects", "Projects", "viewer", projects, ["project"]],
  ["job-types", "Job types", "viewer", jobTypes], ["presets", "Render settings", "viewer", presets, ["setting"]], ["variables", "Variables", "viewer", variables],
  ["storage", "Storage", "viewer", storage, ["storage"]], ["log", "Log", "viewer", log],
];
const chosen = SECTIONS.find(([name]) => name === given.section);
const tab = ([name, label]) => h("a", { href: `/settings/${name}`, "aria-current": name === given.section ? "page" : null }, label);
const bar = h("nav.tabs", { "aria-label": "Settings" }, SECTIONS.filter(([, , role]) => may(role)).map(tab));
const card = h("section.card", { "aria-label": chosen?.[1] ?? "Nothing here" });
document.title = `${chosen?.[1] ?? "Nothing here"} · Settings · Flamenco`;
fill(main, h("div.head", {}, h("h1", {}, "Settings")), bar, card);
// On a narrow screen the bar scrolls; the page does not.
const current = bar.querySelector("[aria-current]");
if (current) bar.scrollLeft = current.offsetLeft - bar.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
await listen();
fill(card, content());

function content() {
  if (!chosen) return h("p.empty", {}, "There is no such section. ", h("a", { href: "/settings" }, "To the settings"));
  return may(chosen[2]) ? section(chosen[3], chosen[4]) : h("p.empty", {}, `${chosen[1]} are for ${chosen[2]}s: ask one of yours.`);
}
