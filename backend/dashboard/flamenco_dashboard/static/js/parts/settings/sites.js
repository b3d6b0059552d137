// What an admin does to managers, one or several: make, rename, enable, disable, another token, delete.
import { del, patch, post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ask, open } from "../../core/dialog.js";
import { counted } from "../../core/format.js";
import { attempt, toast } from "../../core/toast.js";
import { asked, copyable, labeled } from "../settings.js";

const named = (sites) => (sites.length === 1 ? sites[0].name : counted(sites.length, "manager"));
const workersOf = (sites) => counted(sites.reduce((sum, site) => sum + site.workers, 0), "worker");

export async function makeSite() {
  const name = h("input", { name: "name", required: true, maxLength: 100, autocomplete: "off" });
  const made = await asked("Make a manager", labeled("Name of the site", name), "Make it", () => post("/managers", { name: name.value.trim() }));
  if (made) await tell(made.name, made.token);
}

/** Another token, where the first one was lost; the old one counts until it is taken back. */
export async function newToken(site) {
  const made = await post("/tokens", { manager: site.name, label: "from the dashboard" });
  await tell(site.name, made.token, h("p.hint", {}, "Its tokens of before count, too, until you take them back under ", h("a", { href: "/settings/tokens?whose=manager" }, "Tokens"), "."));
}

const tell = (name, token, more = "") => open(`The token of ${name}`, h("div.stack", {}, h("p", {}, "It is told this once. Put it into a file that only the manager can read, and start the manager with it:"),
  copyable(token), copyable("flamenco manager run --server-url SERVER --token-file manager.token"), more), [{ label: "I have it", value: true, kind: "primary" }]);

export async function renameSite(site) {
  const name = h("input", { name: "name", required: true, maxLength: 100, value: site.name, autocomplete: "off" });
  if (await asked(`Rename ${site.name}`, labeled("Name of the site", name), "Rename it", () => patch(`/managers/${site.id}`, { name: name.value.trim() }))) toast(`${site.name} is ${name.value.trim()} now.`);
}

export async function enableSites(sites, enabled, again) {
  const those = sites.filter((site) => site.enabled !== enabled);
  const sure = enabled || await ask(`Disable ${named(those)}`, `The farm refuses ${those.length === 1 ? "it" : "them"} until you enable ${those.length === 1 ? "it" : "them"} again. No tasks go to ${workersOf(those)} meanwhile; what is begun there goes back to the queue after some minutes.`, "Disable", { danger: true });
  if (!sure) return;
  for (const site of those) if (!await attempt(() => patch(`/managers/${site.id}`, { enabled }))) return again();
  toast(`${enabled ? "Enabled" : "Disabled"}: ${named(those)}.`, { undo: enabled ? undefined : () => enableSites(those.map((site) => ({ ...site, enabled })), true, again) });
  again();
}

export async function deleteSites(sites, again) {
  const sure = await ask(`Delete ${named(sites)}`, h("div", {}, h("p", {}, `${sites.length === 1 ? "Its token stops" : "Their tokens stop"} to count, and the record of ${workersOf(sites)} goes. Tasks that are begun there go back to the queue.`), h("p", {}, "What they rendered stays."), sites.length > 1 ? h("p", {}, sites.map((site) => site.name).join(", ")) : ""), "Delete", { danger: true });
  if (!sure) return;
  for (const site of sites) if (!await attempt(() => del(`/managers/${site.id}`))) return again();
  toast(`Deleted ${named(sites)}.`);
  again();
}
