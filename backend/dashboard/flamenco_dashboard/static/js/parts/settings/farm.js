// The farm's name, its notice, and which server this is.
import { get, may, put } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { toast } from "../../core/toast.js";
import { forgive, labeled, refuse, time } from "../settings.js";

export async function farm() {
  const [{ items }, health] = await Promise.all([get("/settings"), get("/health")]);
  const settings = Object.fromEntries(items.map((each) => [each.name, each]));
  const name = h("input", { name: "farm_name", value: settings.farm_name.value ?? "", maxLength: 100, disabled: !may("admin") });
  const notice = h("textarea", { name: "notice", value: settings.notice.value ?? "", rows: 3, maxLength: 2000, disabled: !may("admin"), placeholder: "Like: the farm is down for maintenance on Friday from 18:00" });
  const set = settings.notice.changed_at && settings.notice.value ? h("p.hint", {}, `Set by ${settings.notice.changed_by}, `, time(settings.notice.changed_at), ".") : "";
  const save = async (event) => {
    event.preventDefault();
    forgive(body);
    body.querySelector(".problem").hidden = true;
    try {
      for (const field of [name, notice]) {
        const text = field.value.trim();
        if (text !== (settings[field.name].value ?? "")) settings[field.name] = await put(`/settings/${field.name}`, { value: text || null });
      }
      toast("Saved.");
    } catch (error) { refuse(body, error); }
  };
  const body = h("form.form", { onsubmit: save }, labeled("Name of the farm", name), labeled("A notice for everybody", notice, "It stands above every page of everybody until it is taken away. Empty: no notice."), set,
    h("p.problem", { role: "alert", hidden: true }), may("admin") ? h("div", {}, h("button.primary", {}, "Save")) : h("p.hint", {}, "Admins may change this."));
  return [body, h("p.hint", {}, `Server ${health.version} on ${health.database}. `, h("a", { href: "/static/vendor/LICENSES.txt" }, "Licences of the scripts used here"))];
}
