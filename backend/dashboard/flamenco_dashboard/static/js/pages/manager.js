// One manager and its workers.
import { all, get, may, patch } from "../core/api.js";
import { h, fill, steadily } from "../core/dom.js";
import { ago, counted, exactly, moment } from "../core/format.js";
import { given, main } from "../core/frame.js";
import { listen, on, onReset } from "../core/live.js";
import { attempt, complainUnlessAway, toast } from "../core/toast.js";
import { badge } from "../parts/states.js";
import { machineLog } from "../parts/worker/machinelog.js";
import { stateOf, toneOf } from "../parts/worker/orders.js";

const id = Number(given.manager);
const shown = h("div"), logged = h("div");
fill(main, shown, h("div.gap"), logged);
function draw(site, workers) {
  document.title = `${site.name} · Flamenco`;
  const toggle = () => attempt(async () => { await patch(`/managers/${id}`, { enabled: !site.enabled }); toast(site.enabled ? "Disabled: it gets no more tasks." : "Enabled."); load(); });
  if (!logged.hasChildNodes()) fill(logged, machineLog(`/managers/${id}/log`, site.name, "the manager"));
  fill(shown, h("div.head", {}, h("div.grow", {}, h("div.row", {}, h("a.muted", { href: "/managers" }, "Managers /"), h("h1", {}, site.name), site.enabled ? badge("awake", "enabled") : badge("canceled", "disabled")),
    h("div.muted", {}, `made ${moment(site.created_at)} · seen `, h("time", { title: exactly(site.last_seen_at) }, ago(site.last_seen_at)), site.address ? ` · workers reach it at ${site.address}` : "")), h("div.end", {}, may("admin") ? h("button", { type: "button", onclick: toggle }, site.enabled ? "Disable" : "Enable") : "")),
    h("section.card", { "aria-label": "Its workers" }, workers.length ? h("table.plain", {}, h("tr", {}, ["Worker", "State", "Renders", "Seen"].map((text) => h("th", {}, text))), workers.map((worker) => h("tr", {},
      h("td", {}, h("a", { href: `/workers/${worker.id}` }, worker.name)), h("td", {}, badge(toneOf(worker), stateOf(worker))), h("td", {}, worker.current.map((now) => `${now.job_name} ${now.label}`).join(", ") || "–"), h("td", {}, ago(worker.last_seen_at))))) : h("p.empty", {}, "It has no workers yet.")));
}
async function load() {
  try {
    const [site, workers] = await Promise.all([get(`/managers/${id}`), all("/workers", { manager: id })]);
    draw(site, workers);
  } catch (error) {
    if (error.status === 404) fill(main, h("div.empty", {}, h("h1", {}, "There is no such manager"), h("p", {}, h("a", { href: "/managers" }, "To the managers"))));
    else complainUnlessAway(error);
  }
}
const soon = steadily(load, 600);
on("worker", soon);
on("task", soon);
onReset(load);
await listen();
await load();
