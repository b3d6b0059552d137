// How a worker joins: a token for some of them, the one line to paste, and who came.
import { del, get, post } from "../../core/api.js";
import { h, fill } from "../../core/dom.js";
import { ask } from "../../core/dialog.js";
import { counted, moment } from "../../core/format.js";
import { attempt, complain } from "../../core/toast.js";
import { choice, copyable, doing, labeled, rows } from "../settings.js";

/** The card's content: {element, sites(list), workers(list), list()}; told what there is now, and when tokens change. */
export function joining() {
  const form = h("div"), told = h("div", { "aria-live": "polite" }), tokens = h("div");
  const known = new Set();
  let waits = null, drawn = "";

  const sites = (list) => {
    const mark = JSON.stringify(list.map((site) => [site.id, site.name]));
    if (mark === drawn) return;
    drawn = mark;
    const site = choice(undefined, [...(list.length === 1 ? [] : [["", "any site"]]), ...list.map((each) => [String(each.id), each.name])], { name: "manager" });
    const many = h("input", { name: "workers", type: "number", min: 1, max: 1000, value: 1, required: true });
    const hours = choice("24", [["1", "an hour"], ["24", "a day"], ["168", "a week"], ["720", "30 days"]], { name: "hours" });
    const submit = (event) => { event.preventDefault(); attempt(() => invite(site, many, hours)); };
    fill(form, list.length ? h("form.row.join-form", { onsubmit: submit }, labeled("At", site), labeled("How many workers", many), labeled("It counts for", hours), h("button.primary", {}, "Make the line"))
      : h("p.hint", {}, "Workers join at a manager, and there is none yet: make one first."));
  };

  const invite = async (site, many, hours) => {
    const made = await post("/enrolments", { manager: site.value ? Number(site.value) : null, workers: many.valueAsNumber, hours: Number(hours.value), label: "from the dashboard" });
    waits = h("p.waiting", { role: "status" }, "Waiting for a worker to join…");
    fill(told, h("p", {}, "Paste this on the new machine. The token is told this once."), copyable(made.command),
      made.manager_url ? "" : h("p.hint", {}, "Put in the address at which workers reach their manager: the farm does not know it."), waits);
    list();
  };

  const list = async () => {
    try {
      const { items } = await get("/enrolments", { limit: 100 });
      const takeBack = async (each) => {
        if (await ask("Take the token back", "Nobody joins with it any more. Workers that joined stay.", "Take it back", { danger: true })) await del(`/enrolments/${each.id}`);
      };
      fill(tokens, items.length ? rows([["Joining token", (each) => each.label || `token ${each.id}`], ["Left", (each) => counted(each.workers_left, "worker")], ["Until", (each) => moment(each.expires_at)], ["By", (each) => each.created_by],
        ["", (each) => h("div.row.row-actions", {}, doing("Take back…", () => takeBack(each), list))]], items, "") : "");
    } catch (error) { complain(error); }
  };

  const workers = (found) => {
    const fresh = known.size ? found.filter((worker) => !known.has(worker.id)) : [];
    if (waits && fresh.length) {
      fill(waits, "Joined: ", fresh.map((worker, at) => [at ? ", " : "", h("a", { href: `/workers/${worker.id}` }, worker.name)]), ".");
      list();
    }
    for (const worker of found) known.add(worker.id);
    known.add("");
  };

  list();
  return { element: h("div", {}, h("p.hint", {}, "Makes a token with which workers join, and the one line to paste on the new machine."), form, told, tokens), sites, workers, list };
}
