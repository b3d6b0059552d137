// Tokens: what programs sign in with. One's own, and everybody's for admins.
import { all, get, may, me, post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ago } from "../../core/format.js";
import { toast } from "../../core/toast.js";
import { change, view } from "../../core/url.js";
import { asked, choice, doing, labeled, removed, rows, time, told } from "../settings.js";

const ENDS = [["", "never ends"], ["7", "for a week"], ["30", "for 30 days"], ["365", "for a year"]];

export async function tokens(again) {
  const whose = view().whose ?? "mine";
  const query = !may("admin") || whose === "mine" ? { kind: "user", owner: me.name } : whose === "all" ? {} : { kind: whose };
  const [list, self] = await Promise.all([all("/tokens", { sort: "-created", ...query }), get("/me")]);
  const pick = choice(whose, [["mine", "Mine"], ["all", "All of the farm"], ["user", "Of all users"], ["manager", "Of managers"]], { "aria-label": "Whose tokens", onchange: (event) => { change({ whose: event.target.value === "mine" ? "" : event.target.value }); again(); } });
  const label = (token) => [token.label || `token ${token.id}`, token.id === self.token_id ? h("span.tag", {}, "in use here") : ""];
  return [h("div.row", {}, doing("Make a token…", () => make(), again, ".primary"), h("button", { type: "button", onclick: () => setPassword(self.has_password).then((done) => done && again()) }, self.has_password ? "Change your password…" : "Set a password…"), may("admin") ? h("span.end", {}, pick) : ""), rows([
    ["For", label], ["Whose", (token) => `${token.owner} (${token.kind})`], ["Made", (token) => time(token.created_at)], ["Used", (token) => (token.used_at ? ago(token.used_at) : "–")], ["Until", (token) => time(token.expires_at, "it is taken back")],
    ["", (token) => h("div.row.row-actions", {}, doing("Take back…", () => takeBack(token, self), again, ".danger"))],
  ], list, "No tokens.", { search: "Search tokens" })];
}

async function make() {
  const label = h("input", { name: "label", required: true, maxLength: 200, placeholder: "my pipeline" }), ends = choice("", ENDS, { name: "expires_at" });
  const others = may("admin") ? await owners() : [];
  const owner = choice(`user ${me.name}`, others, { name: "owner" });
  const made = await asked("Make a token for a program", [labeled("What is it for?", label), labeled("How long it counts", ends), others.length ? labeled("Whose it is", owner) : ""], "Make it", () => {
    const [kind, ...name] = others.length ? owner.value.split(" ") : [];
    const expires = ends.value && new Date(Date.now() + 86400e3 * Number(ends.value)).toISOString();
    return post("/tokens", { label: label.value.trim(), ...(kind ? { [kind]: name.join(" ") } : {}), ...(expires ? { expires_at: expires } : {}) });
  });
  if (made) await told(`The token “${made.label}”`, `It is told this once, and may all that ${made.owner === me.name ? "you" : made.owner} may.`, made.token);
}

async function owners() {
  const [people, managers] = await Promise.all([all("/users"), all("/managers")]);
  return [...people.map((each) => [`user ${each.name}`, each.name === me.name ? `${each.name} (you)` : each.name]), ...managers.map((each) => [`manager ${each.name}`, `${each.name} (manager)`])];
}

async function setPassword(has) {
  const old = h("input", { name: "old", type: "password", autocomplete: "current-password", required: has }), fresh = h("input", { name: "new", type: "password", autocomplete: "new-password", required: true, minLength: 8 });
  const done = await asked(has ? "Change your password" : "Set a password", [has ? labeled("Old password", old) : "", labeled("New password", fresh, "8 characters or more. Your other sessions end; tokens of programs stay.")], "Set it", () => post("/me/password", { old: old.value, new: fresh.value }));
  if (done) toast("Your password is set.");
  return done;
}

async function takeBack(token, self) {
  const here = token.id === self.token_id;
  const sentence = here ? "This is the token of this very session: you are signed out." : token.kind === "manager" ? `The manager ${token.owner} cannot reach the farm with it any more, and its workers stop after their tasks unless it has another one.` : `What uses it is signed out at once${token.owner === me.name ? "" : `, and ${token.owner} must sign it in again`}.`;
  await removed(`Take back “${token.label || `token ${token.id}`}”`, sentence, `/tokens/${token.id}`, "Take it back");
  if (here) location.reload();
}
