// The sites of the farm, and how a worker joins one.
import { all, get, may } from "../core/api.js";
import { h, fill, steadily } from "../core/dom.js";
import { ago, counted, exactly } from "../core/format.js";
import { main } from "../core/frame.js";
import { listen, on, onReset } from "../core/live.js";
import { complainUnlessAway } from "../core/toast.js";
import { badge } from "../parts/states.js";
import { doing, rows } from "../parts/settings.js";
import { joining } from "../parts/settings/joining.js";
import { deleteSites, enableSites, makeSite, newToken, renameSite } from "../parts/settings/sites.js";

const list = h("div"), bulk = h("div.bulk.row", { hidden: true, role: "toolbar", "aria-label": "Selected managers" });
const join = may("supervisor") ? joining() : null;
fill(main, h("div.head", {}, h("h1", {}, "Managers"), h("span.muted", {}, "One a site: workers ask it for tasks, it asks the server"), h("div.end", {}, may("admin") ? doing("Make a manager…", makeSite, () => load()) : "")),
  bulk, h("section.card", { "aria-label": "Managers" }, list),
  join ? [h("div.gap"), h("section.card", { id: "add", "aria-labelledby": "add-h" }, h("h2", { id: "add-h" }, "Add a worker"), join.element)] : "");
let sites = [];
const selected = new Set();

const state = (site) => (site.enabled ? badge(site.last_seen_at ? "awake" : "queued", site.last_seen_at ? "enabled" : "not seen yet") : badge("canceled", "disabled"));
const pick = (site) => h("input", { type: "checkbox", "aria-label": `Select ${site.name}`, checked: selected.has(site.id), onchange: (event) => { if (event.target.checked) selected.add(site.id); else selected.delete(site.id); drawBulk(); } });
const actions = (site) => h("div.row.row-actions", {}, doing("Rename…", () => renameSite(site), load), doing("New token…", () => newToken(site), load), h("button.danger", { type: "button", onclick: () => deleteSites([site], load) }, "Delete…"));
const columns = [
  ["Name", (site) => [may("admin") ? [pick(site), " "] : "", h("a", { href: `/managers/${site.id}` }, site.name)]], ["State", state], ["Workers", (site) => h("a.num", { href: `/workers?search=${encodeURIComponent(site.name)}` }, counted(site.workers, "worker"))],
  ["Seen", (site) => h("time", { title: exactly(site.last_seen_at) }, ago(site.last_seen_at))], ["Workers reach it at", (site) => h("span.mono", {}, site.address || "–")], ...(may("admin") ? [["", actions]] : []),
];

function drawBulk() {
  const those = sites.filter((site) => selected.has(site.id));
  bulk.hidden = !those.length;
  fill(bulk, h("strong", {}, `${counted(those.length, "manager")} selected`),
    those.some((site) => !site.enabled) && h("button", { type: "button", onclick: () => enableSites(those, true, load) }, "Enable"), those.some((site) => site.enabled) && h("button", { type: "button", onclick: () => enableSites(those, false, load) }, "Disable…"),
    h("button.danger", { type: "button", onclick: () => deleteSites(those, load) }, "Delete…"), h("button.quiet", { type: "button", onclick: () => { selected.clear(); draw(); } }, "Clear"));
}

let drawn = "";
function draw() {
  // Buttons are not taken from under the hands of whoever is about to press them.
  const mark = JSON.stringify([sites.map((site) => ({ ...site, last_seen_at: Boolean(site.last_seen_at) })), [...selected], Math.floor(Date.now() / 60000)]);
  if (mark !== drawn) fill(list, rows(columns, sites, "There is no manager yet.", { search: "Search managers" }));
  drawn = mark;
  drawBulk();
}

async function load() {
  try {
    const [found, workers] = await Promise.all([get("/managers", { limit: 1000, sort: "name" }), join ? all("/workers") : []]);
    sites = found.items;
    for (const id of selected) if (!sites.some((site) => site.id === id)) selected.delete(id);
    draw();
    join?.sites(sites);
    join?.workers(workers);
  } catch (error) { complainUnlessAway(error); }
}
const soon = steadily(load, 500);
on("worker", soon);
on("manager", soon);
on("enrolment", () => join?.list());
onReset(load);
await listen();
await load();
