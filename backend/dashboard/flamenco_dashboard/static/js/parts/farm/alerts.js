// What somebody should look at, as the server says it, each with the button that mends it.
import { get, may, post } from "../../core/api.js";
import { h, fill, say } from "../../core/dom.js";
import { counted, moment } from "../../core/format.js";
import { attempt, toast } from "../../core/toast.js";

const TOGETHER = 3; // alerts of a kind, from which on they are one: a site that falls silent must not bury the rest
const MANY = { "silent worker": "workers fell silent", "failing worker": "workers fail", "silent manager": "managers are silent", "long run": "runs take far longer than others" };
function grouped(list) {
  const kinds = Map.groupBy(list, ({ kind }) => kind);
  return [...kinds.values()].flatMap((same) => (same.length < TOGETHER || !MANY[same[0].kind] ? same : [{
    ...same[0], text: `${same.length} ${MANY[same[0].kind]}.`, ids: same.flatMap(({ ids }) => ids), parts: same.map(({ text }) => text),
    since: same.map(({ since }) => since).filter(Boolean).sort()[0],
  }]));
}

/** The list of alerts: its `elements`, and `draw(alerts)`. `reload` is called once something was mended. */
export function alertList(reload) {
  const list = h("section.alerts", { "aria-label": "Alerts", hidden: true });
  const spoken = h("p.unseen", { role: "status" }); // what screen readers are told, once each time that it changes
  let drawn = "";
  function draw(found) {
    const shown = grouped(found);
    const now = JSON.stringify(shown.map(({ kind, ids }) => [kind, ids]));
    list.hidden = !shown.length;
    say(spoken, shown.length ? `${counted(shown.length, "alert")}: ${shown.map(({ kind }) => kind).join(", ")}` : "");
    if (now !== drawn) fill(list, shown.map((each) => alert(each, reload)));
    else for (const [at, each] of shown.entries()) say(list.children[at].querySelector(".alert-text"), each.text);
    drawn = now;
  }
  return { elements: [spoken, list], draw };
}

function alert(each, reload) {
  return h("div.alert", { data: { kind: each.kind } }, h("span.alert-sign", { "aria-hidden": "true" }, "!"), h("div.grow", {}, h("span.alert-text", {}, each.text), each.since ? h("span.hint", {}, ` since ${moment(each.since)}`) : "", each.parts ? h("details", {}, h("summary", {}, "Which?"), h("ul", {}, each.parts.map((part) => h("li", {}, part)))) : ""), h("span.row", {}, mends(each, reload)));
}
function mends(each, reload) {
  const one = each.ids.length === 1 ? each.ids[0] : "";
  if (each.about === "job") return [link(one ? `/jobs/${one}` : "/jobs?state=queued,processing", "Look")];
  if (each.about === "manager") return [link(one ? `/managers/${one}` : "/managers", "Look")];
  if (each.about === "run" && !one) return [link("/workers?state=rendering", "Look")];
  if (each.about === "run") return [h("button", { type: "button", onclick: () => attempt(async () => { const run = await get(`/runs/${one}`); location.assign(`/jobs/${run.job}/tasks/${run.task}`); }) }, "Look")];
  if (each.kind === "no workers") return [may("supervisor") ? link("/managers#add", "Add a worker") : link("/workers", "Look")];
  if (each.kind === "disk low") return [link("/settings/storage", may("admin") ? "Clean up" : "Look")];
  if (each.about === "worker") {
    if (each.kind === "silent worker" && may("supervisor")) return [link(one ? `/workers/${one}` : "/workers?state=offline", "Look"), h("button", { type: "button", title: "Count on no work from there, until somebody enables it again", onclick: () => disable(each.ids, reload) }, one ? "Disable it" : "Disable them")];
    const take = each.kind === "failing worker" && may("supervisor") ? h("button", { type: "button", onclick: () => takeBack(each.ids, reload) }, each.ids.length === 1 ? "Take it back" : "Take them back") : "";
    return [link(one ? `/workers/${one}` : "/workers?state=error,offline", "Look"), take];
  }
  return [];
}
const link = (href, text) => h("a.button", { href }, text);
const takeBack = (ids, reload) => attempt(async () => {
  const outcome = await post("/bulk/workers", { ids, order: { enabled: true, state: "run" } });
  toast(`${counted(outcome.done.length, "worker")} may work again.`);
  reload();
});
const disable = (ids, reload) => attempt(async () => {
  const outcome = await post("/bulk/workers", { ids, order: { enabled: false } });
  toast(`${counted(outcome.done.length, "worker")} disabled.`, { undo: () => attempt(async () => { await post("/bulk/workers", { ids, order: { enabled: true } }); reload(); }) });
  reload();
});