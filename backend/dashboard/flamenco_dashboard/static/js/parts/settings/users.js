// People: who may do what, and the link with which they set their own password.
import { all, me, patch, post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ask, open } from "../../core/dialog.js";
import { counted, moment } from "../../core/format.js";
import { complain, toast } from "../../core/toast.js";
import { badge } from "../states.js";
import { asked, choice, copyable, doing, labeled, removed, rows, time } from "../settings.js";

const ROLES = ["viewer", "artist", "supervisor", "admin"];
const MAY = { viewer: "see everything", artist: "submit jobs, and change their own", supervisor: "change all jobs, projects and workers", admin: "do everything" };

export async function users(again) {
  const list = (await all("/users")).sort((one, other) => one.name.localeCompare(other.name));
  const role = (user) => choice(user.role, ROLES, { "aria-label": `Role of ${user.name}`, title: `${user.name} may ${MAY[user.role]}`, onchange: (event) => setRole(user, event.target.value, again) });
  const state = (user) => [user.enabled ? badge("awake", "enabled") : badge("canceled", "disabled"), user.has_password ? "" : h("span.hint", {}, " no password yet")];
  return [h("div.row", {}, doing("Make a user…", () => make(), again, ".primary"), h("span.hint", {}, ROLES.map((name) => `${name}: may ${MAY[name]}`).join(" · "))), rows([
    ["Name", (user) => h("a", { href: `/jobs?owner=${encodeURIComponent(user.name)}`, title: "Their jobs" }, user.name)], ["Role", role], ["State", state], ["Since", (user) => time(user.created_at)],
    ["", (user) => h("div.row.row-actions", {}, user.name === me.name ? h("a", { href: "/settings/tokens" }, "Your password and tokens") : [
      h("button", { type: "button", disabled: !user.enabled, title: user.enabled ? null : "Enable them first", onclick: () => invite(user).catch(complain) }, user.has_password ? "New password…" : "Invite…"),
      doing(user.enabled ? "Disable" : "Enable", () => enable(user, !user.enabled, again), again), doing("Delete…", () => remove(user), again, ".danger")])],
  ], list, "No users.", { search: "Search users" })];
}

async function make() {
  const name = h("input", { name: "name", required: true, maxLength: 100, autocomplete: "off" }), role = choice("artist", ROLES.map((each) => [each, `${each}: may ${MAY[each]}`]), { name: "role" });
  const made = await asked("Make a user", [labeled("Name", name), labeled("Role", role)], "Make them", () => post("/users", { name: name.value.trim(), role: role.value }));
  if (made) await invite(made);
}

async function invite(user) {
  const made = await post(`/users/${user.id}/invite`);
  // The server names this dashboard if it was told where people reach it.
  const link = made.url.includes("/invite#") ? made.url : `${location.origin}/invite#invite=${encodeURIComponent(made.code)}&name=${encodeURIComponent(made.user)}`;
  const sentence = user.has_password ? `Send ${user.name} this link: with it they set a new password. The old one counts until then.` : `Send ${user.name} this link: with it they set their password and are signed in.`;
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(new URL(link).hostname);
  await open(user.has_password ? `New password of ${user.name}` : `Invite ${user.name}`, h("div.stack", {}, h("p", {}, sentence), copyable(link), h("p.hint", {}, `It works once, until ${moment(made.expires_at)}. An earlier link of theirs counts no more. It is told this once.`),
    here ? h("p.hint", {}, "It leads to this very machine. For people at others, open the dashboard by its name in the network first, and make the link there.") : ""), [{ label: "I have it", value: true, kind: "primary" }]);
}

async function setRole(user, role, again) {
  const sure = user.name !== me.name || await ask("Change your own role", `As ${role} you may ${MAY[role]}, and you cannot make yourself admin again.`, "Change it", { danger: true });
  try {
    if (sure) {
      await patch(`/users/${user.id}`, { role });
      toast(`${user.name} is ${role} now: may ${MAY[role]}.`, { undo: user.name === me.name ? undefined : () => setRole({ ...user, role }, user.role, again) });
    }
  } catch (error) { complain(error); }
  if (sure && user.name === me.name) location.reload();
  else again();
}

async function enable(user, enabled, again) {
  await patch(`/users/${user.id}`, { enabled });
  toast(enabled ? `${user.name} is enabled.` : `${user.name} is disabled: signed out everywhere, and so are their programs.`, { undo: () => enable(user, !enabled, again).then(again, complain) });
}

async function remove(user) {
  const [tokens, jobs] = await Promise.all([all("/tokens", { kind: "user", owner: user.name }), all("/jobs", { owner: user.name, state: "queued,processing,paused" }, 1000)]);
  const goes = h("div", {}, h("p", {}, `With them go ${counted(tokens.length, "token")}: their programs and browsers are signed out.`),
    h("p", {}, jobs.length ? `Their jobs stay, and ${counted(jobs.length, "unfinished one")} go on.` : "Their jobs stay."), h("p.hint", {}, "To keep them out for some time only, disable them."));
  await removed(`Delete ${user.name}`, goes, `/users/${user.id}`);
}
