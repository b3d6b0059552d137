// Who did what: the operation log, with filters that stand in the address.
import { get } from "../../core/api.js";
import { h, fill } from "../../core/dom.js";
import { complain } from "../../core/toast.js";
import { change, view } from "../../core/url.js";
import { choice, labeled, rows, time } from "../settings.js";

const ACTIONS = ["approve", "archive", "cancel", "change", "clean up", "create", "delete", "deny", "enrol", "invite", "order", "pause", "requeue", "resume", "set aside", "sign in", "sign out", "submit", "unarchive"];
const KINDS = ["enrolment", "job", "manager", "project", "setting", "sign-in", "storage", "submission-preset", "task", "token", "user", "worker"];
const PLACES = { job: (id) => `/jobs/${id}`, worker: (id) => `/workers/${id}`, manager: (id) => `/managers/${id}`, user: () => "/settings/users", project: () => "/settings/projects", token: () => "/settings/tokens", setting: (id) => `/settings/${id.startsWith("render_settings.") ? "presets" : id === "variables" ? "variables" : "farm"}` };

export async function log() {
  const given = view();
  const pick = (name, label, options) => [name, label, choice(given[name] ?? "", [["", "any"], ...options], { name, "aria-label": label })];
  const write = (name, label, more) => [name, label, h("input", { name, value: given[name] ?? "", ...more })];
  const filters = [write("actor", "Who", { placeholder: "anybody" }), pick("action", "What", ACTIONS), pick("kind", "On what", KINDS), write("object_id", "Its number", { placeholder: "any", size: 8 }),
    write("since", "From", { type: "datetime-local" }), write("until", "Until", { type: "datetime-local" })];
  const place = h("div"), more = h("button", { type: "button" }, "Older");
  const items = [];
  let next, asked = 0;
  const load = async (fresh) => {
    const turn = ++asked;
    if (fresh) next = undefined;
    const query = Object.fromEntries(filters.map(([name, , input]) => [name, input.value.trim()]));
    if (fresh) change(query);
    for (const name of ["since", "until"]) if (query[name]) query[name] = new Date(query[name]).toISOString();
    try {
      const page = await get("/log", { limit: 100, cursor: next, ...query });
      if (turn !== asked) return;
      if (fresh) items.length = 0;
      items.push(...page.items);
      next = page.next;
      more.hidden = !next;
      fill(place, rows([["When", (each) => time(each.at)], ["Who", (each) => each.actor], ["What", what], ["Details", details]], items, "Nothing of that kind."));
    } catch (error) { complain(error); }
  };
  more.addEventListener("click", () => load(false));
  const clear = h("button.quiet", { type: "button", onclick: () => { for (const [, , input] of filters) input.value = ""; load(true); } }, "Clear");
  await load(true);
  return [h("form.row.log-filters", { role: "search", onchange: () => load(true), onsubmit: (event) => { event.preventDefault(); load(true); } }, filters.map(([, label, input]) => labeled(label, input)), clear, h("button", {}, "Look again")), place, h("div", {}, more)];
}

function what(each) {
  const thing = `${each.kind} ${each.object_id}`;
  return [`${each.action} `, PLACES[each.kind] && each.action !== "delete" ? h("a", { href: PLACES[each.kind](each.object_id) }, thing) : thing];
}

/** Long details are folded. */
function details(each) {
  const text = readable(each.detail);
  return text.length < 120 ? h("span.detail", {}, text) : h("details.detail", {}, h("summary", {}, `${text.slice(0, 100)}…`), h("pre.copy", {}, each.detail));
}

/** What was changed as names and values, where the log keeps it as an object; what was not given is left out. */
function readable(detail) {
  if (!detail.startsWith("{")) return detail;
  try {
    return Object.entries(JSON.parse(detail)).filter(([, value]) => value !== null).map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "string" ? value || "none" : JSON.stringify(value)}`).join(", ");
  } catch { return detail; }
}
