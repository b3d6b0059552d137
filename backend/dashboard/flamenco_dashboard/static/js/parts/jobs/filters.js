// Which jobs the table shows: search, states, and choices of project, person, type and tag. All of it stands in the address.
import { me } from "../../core/api.js";
import { h, fill, later, say } from "../../core/dom.js";
import { change, view } from "../../core/url.js";
import { STATES } from "./columns.js";

const CHOICES = { project: "All projects", owner: "All people", type: "All types", tag: "All tags" };
const states = () => new Set((view().state ?? "").split(",").filter(Boolean));

/** Whether a job is one of those that the address asks for. */
export function fits(job) {
  const wanted = view();
  if (wanted.state && !states().has(job.state)) return false;
  if (["project", "owner", "type"].some((name) => wanted[name] && job[name] !== wanted[name])) return false;
  if (wanted.tag && !job.tags.includes(wanted.tag)) return false;
  if (!wanted.search) return true;
  const text = `${job.name} ${job.comment} ${job.tags.join(" ")} ${job.id} ${job.project} ${job.owner}`.toLowerCase();
  return wanted.search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** The filters: their elements, `search`, `show()` what the address says, `count(jobs)`. `changed(name)` hears of each change. */
export function filters(changed) {
  const set = (name, value) => { change({ [name]: value }); changed(name); };
  const search = h("input.search", { type: "search", placeholder: "Search jobs…", title: "In name, comment, tags, project, person and number", "aria-label": "Search jobs" });
  search.addEventListener("input", later(() => set("search", search.value.trim()), 120));
  const chips = STATES.map((state) => h("button.chip", { type: "button", data: { state }, "aria-pressed": "false", onclick: () => toggle(state) }, state, h("span.num.chip-count")));
  const picks = Object.entries(CHOICES).map(([name, label]) => [name, h("select", { "aria-label": label, onchange: (event) => set(name, event.target.value) }, h("option", { value: "" }, label))]);
  const archived = h("input", { type: "checkbox", onchange: () => set("archived", archived.checked ? "1" : "") });

  function toggle(state) {
    const shown = states();
    if (!shown.delete(state)) shown.add(state);
    set("state", [...shown].join(","));
  }
  function show() {
    const wanted = view(), shown = states();
    for (const chip of chips) chip.setAttribute("aria-pressed", String(shown.has(chip.dataset.state)));
    for (const [name, select] of picks) select.value = wanted[name] ?? "";
    if (search !== document.activeElement) search.value = wanted.search ?? "";
    archived.checked = wanted.archived === "1";
  }
  function count(jobs) {
    const counts = {}, values = { project: new Set(), owner: new Set(), type: new Set(), tag: new Set() };
    for (const job of jobs) {
      counts[job.state] = (counts[job.state] ?? 0) + 1;
      for (const name of ["project", "owner", "type"]) values[name].add(job[name]);
      for (const tag of job.tags) values.tag.add(tag);
    }
    for (const chip of chips) say(chip.querySelector(".chip-count"), counts[chip.dataset.state] ? ` ${counts[chip.dataset.state].toLocaleString()}` : "");
    for (const [name, select] of picks) offer(select, name, values[name]);
  }
  return {
    elements: [search, h("div.chips.row", { role: "group", "aria-label": "States" }, chips), picks.map(([, select]) => select), h("label.check", {}, archived, " archived")],
    search, show, count,
  };
}

function offer(select, name, values) {
  const wanted = view()[name];
  if (wanted) values.add(wanted);
  const options = [...values].sort();
  if (options.join("\n") === select.dataset.options) return;
  select.dataset.options = options.join("\n");
  fill(select, select.firstChild, options.map((value) => h("option", { value }, name === "owner" && value === me.name ? `${value} (me)` : value)));
  select.value = wanted ?? "";
}
