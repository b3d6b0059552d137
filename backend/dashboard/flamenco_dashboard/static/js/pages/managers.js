// The sites of the farm, and how a worker joins one.
import { all, get, may, post, del } from "../core/api.js";
import { h, fill, steadily } from "../core/dom.js";
import { ask, form, open } from "../core/dialog.js";
import { ago, counted, exactly, moment } from "../core/format.js";
import { main } from "../core/frame.js";
import { listen, on, onReset } from "../core/live.js";
import { attempt, complain, toast } from "../core/toast.js";
import { badge } from "../parts/states.js";

const list = h("div.scroll-x"), joining = h("div", { id: "add" }), tokens = h("div.scroll-x");
fill(main, h("div.head", {}, h("h1", {}, "Managers"), h("span.muted", {}, "One a site: workers ask it for tasks, it asks the server"), h("div.end", {}, may("admin") ? h("button", { type: "button", onclick: make }, "Make a manager…") : "")),
  h("section.card", { "aria-label": "Managers" }, list),
  may("supervisor") ? [h("div.gap"), h("section.card", { "aria-labelledby": "add-h" }, h("h2", { id: "add-h" }, "Add a worker"), joining, tokens)] : "");
let sites = [];
const known = new Set();

function draw() {
  fill(list, sites.length ? h("table.plain", {}, h("tr", {}, ["Name", "State", "Workers", "Seen", "Workers reach it at", ""].map((text) => h("th", {}, text))), sites.map((site) => h("tr", {},
    h("td", {}, h("a", { href: `/managers/${site.id}` }, site.name)), h("td", {}, site.enabled ? badge(site.last_seen_at ? "awake" : "queued", site.last_seen_at ? "enabled" : "not seen yet") : badge("canceled", "disabled")), h("td.num", {}, site.workers),
    h("td", {}, h("time", { title: exactly(site.last_seen_at) }, ago(site.last_seen_at))), h("td.mono", {}, site.address || "–"), h("td", {}, may("admin") ? h("button.danger", { type: "button", onclick: () => remove(site) }, "Delete…") : "")))) : h("p.empty", {}, "There is no manager yet."));
  if (may("supervisor") && !joining.childElementCount) drawJoining();
}
async function make() {
  const input = h("input", { required: true, maxLength: 100 });
  const made = await form("Make a manager", h("label", {}, "Name of the site", input), "Make it", () => post("/managers", { name: input.value.trim() }));
  if (!made) return;
  await open(`The token of ${made.name}`, h("div.stack", {}, h("p", {}, "It is told this once. Put it into a file that only the manager can read, and start the manager with it:"), h("pre.copy", {}, made.token), h("pre.copy", {}, "flamenco manager run --server-url SERVER --token-file manager.token")), [{ label: "I have it", value: true, kind: "primary" }]);
  load();
}
async function remove(site) {
  if (await ask(`Delete ${site.name}`, `Its token stops to count, and its ${counted(site.workers, "worker")} are forgotten. Tasks that they run go back to the queue.`, "Delete it", { danger: true })) {
    await attempt(async () => { await del(`/managers/${site.id}`); toast(`Deleted ${site.name}.`); load(); });
  }
}
function drawJoining() {
  const site = h("select", {}, sites.length === 1 ? "" : h("option", { value: "" }, "any site"), sites.map((each) => h("option", { value: each.id }, each.name)));
  const many = h("input", { type: "number", min: 1, max: 1000, value: 1, required: true });
  const told = h("div", { "aria-live": "polite" });
  fill(joining, h("p.hint", {}, "Makes a token with which workers join, and the one line to paste on the new machine. It counts for a day."),
    h("form.row", { onsubmit: (event) => { event.preventDefault(); attempt(() => invite(site, many, told)); } }, h("label", {}, "At ", site), h("label", {}, "for ", many, " workers"), h("button.primary", {}, "Make the line")), told);
}
async function invite(site, many, told) {
  const made = await post("/enrolments", { manager: site.value ? Number(site.value) : null, workers: many.valueAsNumber, label: "from the dashboard" });
  const copy = h("button", { type: "button", onclick: async () => { await navigator.clipboard.writeText(made.command); toast("Copied."); } }, "Copy");
  fill(told, h("p", {}, "Paste this on the new machine. The token is told this once."), h("div.row", {}, h("pre.copy.grow", {}, made.command), copy), h("p.waiting", { role: "status" }, "Waiting for a worker to join…"));
  waits = told.querySelector(".waiting");
  loadTokens();
}
let waits = null;
async function loadTokens() {
  const page = await get("/enrolments", { limit: 100 });
  fill(tokens, page.items.length ? h("table.plain", {}, h("tr", {}, ["Joining token", "Left", "Until", "By", ""].map((text) => h("th", {}, text))), page.items.map((each) => h("tr", {},
    h("td", {}, each.label || `token ${each.id}`), h("td.num", {}, counted(each.workers_left, "worker")), h("td", {}, moment(each.expires_at)), h("td", {}, each.created_by),
    h("td", {}, h("button", { type: "button", onclick: () => attempt(async () => { await del(`/enrolments/${each.id}`); loadTokens(); }) }, "Take back"))))) : "");
}
async function load() {
  try {
    sites = (await get("/managers", { limit: 1000 })).items;
    draw();
    for (const worker of await all("/workers")) {
      if (waits && known.size && !known.has(worker.id)) fill(waits, "Joined: ", h("a", { href: `/workers/${worker.id}` }, worker.name), ".");
      known.add(worker.id);
    }
    if (!known.size) known.add("");
  } catch (error) { complain(error); }
}
const soon = steadily(load, 500);
await load();
if (may("supervisor")) await loadTokens().catch(complain);
on("worker", soon);
on("manager", soon);
onReset(load);
listen();
