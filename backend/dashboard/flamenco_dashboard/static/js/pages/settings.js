// Settings and people.
import { all, del, get, may, patch, post, put } from "../core/api.js";
import { h, fill } from "../core/dom.js";
import { ask, form, open } from "../core/dialog.js";
import { ago, counted, exactly, moment, size } from "../core/format.js";
import { given, main } from "../core/frame.js";
import { listen } from "../core/live.js";
import { toast } from "../core/toast.js";
import { badge } from "../parts/states.js";
import { doing, rows, section } from "../parts/settings.js";

const SECTIONS = [
  ["farm", "Farm", "viewer", farm], ["users", "Users", "admin", users], ["tokens", "Tokens", "viewer", tokens], ["projects", "Projects", "viewer", projects],
  ["job-types", "Job types", "viewer", jobTypes], ["presets", "Render settings", "viewer", presets], ["variables", "Variables", "viewer", variables],
  ["storage", "Storage", "viewer", storage], ["log", "Log", "viewer", log],
].filter(([, , role]) => may(role));
const chosen = SECTIONS.find(([name]) => name === given.section) ?? SECTIONS[0];
fill(main, h("div.head", {}, h("h1", {}, "Settings")),
  h("nav.tabs", { "aria-label": "Settings" }, SECTIONS.map(([name, label]) => h("a", { href: `/settings/${name}`, "aria-current": name === chosen[0] ? "page" : null }, label))),
  h("section.card", { "aria-label": chosen[1] }, section(chosen[3])));
listen();

const time = (text) => h("time", { datetime: text ?? "", title: exactly(text) }, text ? moment(text) : "–");
const told = (title, sentence, secret) => open(title, h("div.stack", {}, h("p", {}, sentence), h("pre.copy", {}, secret)), [{ label: "I have it", value: true, kind: "primary" }]);
const labeled = (label, input) => h("label", {}, label, input);

async function farm(again) {
  const settings = Object.fromEntries((await get("/settings")).items.map((each) => [each.name, each]));
  const name = h("input", { value: settings.farm_name?.value ?? "", maxLength: 100, disabled: !may("admin") });
  const notice = h("textarea", { value: settings.notice?.value ?? "", rows: 3, maxLength: 2000, disabled: !may("admin") });
  const save = async () => { await put("/settings/farm_name", { value: name.value || null }); await put("/settings/notice", { value: notice.value || null }); toast("Saved."); };
  const health = await get("/health");
  return [h("div.form", {}, labeled("Name of the farm", name), labeled("A notice for everybody", notice), may("admin") ? h("div", {}, doing("Save", save, again, ".primary")) : ""),
    h("p.hint", {}, `Server ${health.version} on ${health.database}. `, h("a", { href: "/static/vendor/LICENSES.txt" }, "Licences of the scripts used here"))];
}

async function users(again) {
  const list = await all("/users");
  const role = (user) => h("select", { "aria-label": `Role of ${user.name}`, onchange: (event) => change(user, { role: event.target.value }, again) }, ["viewer", "artist", "supervisor", "admin"].map((name) => h("option", { value: name, selected: name === user.role }, name)));
  const make = async () => {
    const name = h("input", { required: true, maxLength: 100 }), chosenRole = h("select", {}, ["artist", "viewer", "supervisor", "admin"].map((each) => h("option", {}, each)));
    const made = await form("Make a user", [labeled("Name", name), labeled("Role", chosenRole)], "Make them", () => post("/users", { name: name.value.trim(), role: chosenRole.value }));
    if (made) await invite(made);
  };
  return [h("div", {}, doing("Make a user…", make, again, ".primary")), rows([
    ["Name", (user) => user.name], ["Role", role], ["State", (user) => badge(user.enabled ? "awake" : "canceled", user.enabled ? "enabled" : "disabled")], ["Since", (user) => time(user.created_at)],
    ["", (user) => h("div.row", {}, h("button", { type: "button", onclick: () => invite(user) }, "Invite link"), doing(user.enabled ? "Disable" : "Enable", () => patch(`/users/${user.id}`, { enabled: !user.enabled }), again), doing("Delete…", () => removed(`Delete ${user.name}`, "Their tokens stop to count; their jobs stay.", `/users/${user.id}`), again, ".danger"))],
  ], list, "No users.")];
}
async function change(user, what, again) { try { await patch(`/users/${user.id}`, what); toast(`${user.name} is ${what.role} now.`); } catch (error) { toast(error.message, { tone: "failed" }); } again(); }
async function invite(user) {
  const made = await post(`/users/${user.id}/invite`);
  await told(`Invite ${user.name}`, "With this link they set their own password. It works once; it is told this once.", made.url);
}
async function removed(title, sentence, path) {
  if (await ask(title, sentence, "Delete", { danger: true })) { await del(path); toast("Deleted."); }
}

async function tokens(again) {
  const list = await all("/tokens");
  const make = async () => {
    const label = h("input", { required: true, maxLength: 200, placeholder: "my pipeline" });
    const made = await form("Make a token for a program", labeled("What is it for?", label), "Make it", () => post("/tokens", { label: label.value.trim() }));
    if (made) await told("Your token", "It is told this once, and may all that you may.", made.token);
  };
  const password = async () => {
    const old = h("input", { type: "password", autocomplete: "current-password" }), fresh = h("input", { type: "password", autocomplete: "new-password", required: true });
    if (await form("Set your password", [labeled("Old password (empty if you have none)", old), labeled("New password", fresh)], "Set it", async () => { await post("/me/password", { old: old.value, new: fresh.value }); return true; })) toast("Your password is set.");
  };
  return [h("div.row", {}, doing("Make a token…", make, again, ".primary"), h("button", { type: "button", onclick: password }, "Set your password…")), rows([
    ["For", (token) => token.label || `token ${token.id}`], ["Whose", (token) => `${token.owner} (${token.kind})`], ["Made", (token) => time(token.created_at)], ["Used", (token) => (token.used_at ? ago(token.used_at) : "–")], ["Until", (token) => time(token.expires_at)],
    ["", (token) => doing("Take back", () => del(`/tokens/${token.id}`), again, ".danger")],
  ], list, "No tokens.")];
}

async function projects(again) {
  const list = await all("/projects");
  const mayEdit = may("supervisor");
  const make = async () => {
    const name = h("input", { required: true, maxLength: 100 }), text = h("input", { maxLength: 1000 });
    if (await form("Make a project", [labeled("Name", name), labeled("Description", text)], "Make it", () => post("/projects", { name: name.value.trim(), description: text.value }))) toast("Made.");
  };
  const scripts = (project) => async () => {
    const sure = project.allow_scripts || (await ask("Allow scripts", `Python in the .blend files of ${project.name} will run on the workers, with all that a worker may. Allow it only where you trust everybody who submits.`, "Allow it", { danger: true }));
    if (sure) await patch(`/projects/${project.id}`, { allow_scripts: !project.allow_scripts });
  };
  return [mayEdit ? h("div", {}, doing("Make a project…", make, again, ".primary")) : "", rows([
    ["Name", (project) => h("a", { href: `/jobs?project=${encodeURIComponent(project.name)}` }, project.name)], ["Description", (project) => project.description], ["Scripts in .blends", (project) => (project.allow_scripts ? badge("failed", "run") : badge("awake", "do not run"))],
    ["", (project) => (mayEdit ? h("div.row", {}, doing(project.allow_scripts ? "Forbid scripts" : "Allow scripts…", scripts(project), again), doing("Delete…", () => removed(`Delete ${project.name}`, "A project with jobs cannot be deleted.", `/projects/${project.id}`), again, ".danger")) : "")],
  ], list, "No projects.")];
}

async function jobTypes() {
  const { items } = await get("/job-types");
  return items.map((type) => h("details", {}, h("summary", {}, h("strong", {}, type.name), ` ${type.help} `, type.error ? badge("failed", "broken") : ""), type.error ? h("p.problem", {}, type.error) : rows([
    ["Setting", (each) => each.label], ["Type", (each) => (each.choices.length ? each.choices.join(", ") : each.type)], ["Default", (each) => (each.source ? `the scene's ${each.source.replaceAll("_", " ")}` : JSON.stringify(each.default))], ["Help", (each) => each.help],
  ], type.settings, "It has no settings.")));
}

async function presets() {
  const { items } = await get("/render-settings");
  return rows([["Name", (each) => each.label || each.name], ["For", (each) => each.help], ["Changes", (each) => (each.error ? h("span.problem", {}, each.error) : h("code", {}, Object.entries(each.overrides).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")))]], items, "No presets.");
}

async function variables(again) {
  const setting = await get("/settings/variables");
  const text = h("textarea.mono", { rows: 14, value: JSON.stringify(setting.value ?? {}, null, 2), disabled: !may("admin"), "aria-label": "Variables as JSON" });
  const save = async () => { await put("/settings/variables", { value: JSON.parse(text.value || "{}") }); toast("Saved: managers have it within half a minute."); };
  return [h("p.muted", {}, setting.help), text, may("admin") ? h("div", {}, doing("Save", save, again, ".primary")) : ""];
}

async function storage(again) {
  const found = await get("/storage");
  const last = found.clean_up;
  const clean = async () => { await post("/storage/clean-up"); toast("Cleaning up: files that no job needs go."); };
  return [h("p", {}, h("strong", {}, size(found.files_bytes)), ` in ${counted(found.files, "file")}, in ${found.place}.`), found.disk_bytes ? h("p", {}, `${size(found.disk_free_bytes)} free of ${size(found.disk_bytes)}.`) : "",
    h("p.muted", {}, last.running_since ? `A clean-up goes on since ${moment(last.running_since)}.` : last.last_at ? `The last clean-up, ${ago(last.last_at)}, took away ${counted(last.files, "file")}, ${size(last.bytes)}.` : "It was never cleaned up from here."),
    may("admin") ? h("div", {}, doing("Clean up", clean, again)) : ""];
}

async function log() {
  const place = h("div"), more = h("button", { type: "button" }, "Older");
  const filter = { actor: h("input", { placeholder: "who", "aria-label": "Who" }), action: h("input", { placeholder: "what, like cancel", "aria-label": "What" }) };
  const items = [];
  let next;
  const load = async (fresh) => {
    if (fresh) { items.length = 0; next = undefined; }
    const page = await get("/log", { limit: 100, cursor: next, actor: filter.actor.value.trim(), action: filter.action.value.trim() });
    items.push(...page.items);
    next = page.next;
    more.hidden = !next;
    fill(place, rows([["When", (each) => time(each.at)], ["Who", (each) => each.actor], ["What", (each) => `${each.action} ${each.kind} ${each.object_id}`], ["", (each) => each.detail]], items, "Nothing yet."));
  };
  more.addEventListener("click", () => load(false));
  for (const input of Object.values(filter)) input.addEventListener("change", () => load(true));
  await load(true);
  return [h("div.row", {}, Object.values(filter)), place, more];
}
