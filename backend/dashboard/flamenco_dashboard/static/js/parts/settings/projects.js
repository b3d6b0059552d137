// Projects: what jobs belong to, and whether Python in their files may run.
import { all, may, patch, post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ask, open } from "../../core/dialog.js";
import { counted } from "../../core/format.js";
import { complain, toast } from "../../core/toast.js";
import { change, view } from "../../core/url.js";
import { badge } from "../states.js";
import { asked, doing, labeled, removed, rows, time } from "../settings.js";

export async function projects(again) {
  const past = view().archived === "yes";
  const list = (await all("/projects", past ? { archived: true } : {})).sort((one, other) => one.name.localeCompare(other.name));
  const actions = (project) => h("div.row.row-actions", {}, doing("Edit…", () => edit(project), again), doing(past ? "Bring back" : "Archive…", () => archive(project, !past, again), again), doing("Delete…", () => remove(project), again, ".danger"));
  const turn = h("button.quiet", { type: "button", "aria-pressed": String(past), onclick: () => { change({ archived: past ? "" : "yes" }); again(); } }, past ? "Back to those in use" : "Archived ones");
  return [h("div.row", {}, may("supervisor") && !past ? doing("Make a project…", () => edit(null), again, ".primary") : "", turn), rows([
    ["Name", (project) => h("a", { href: jobsOf(project), title: "Its jobs" }, project.name)], ["Description", (project) => project.description], ["Scripts in .blends", (project) => (project.allow_scripts ? badge("failed", "run") : badge("awake", "do not run"))], ["Since", (project) => time(project.created_at)],
    ...(may("supervisor") ? [["", actions]] : []),
  ], list, past ? "No project is archived." : "No projects.", { search: "Search projects" })];
}

async function archive(project, archived, again) {
  const sure = !archived || await ask(`Archive ${project.name}`, "It takes no more jobs, and nobody is offered it. Its jobs and what they made stay; unfinished ones go on. You can bring it back.", "Archive");
  if (!sure) return;
  await patch(`/projects/${project.id}`, { archived });
  toast(archived ? `${project.name} is archived.` : `${project.name} is back.`, { undo: () => patch(`/projects/${project.id}`, { archived: !archived }).then(again, complain) });
}

const jobsOf = (project) => `/jobs?project=${encodeURIComponent(project.name)}`;

async function edit(project) {
  const name = h("input", { name: "name", required: true, maxLength: 100, value: project?.name ?? "", autocomplete: "off" }), description = h("textarea", { name: "description", rows: 2, maxLength: 1000, value: project?.description ?? "" });
  const scripts = h("input", { name: "allow_scripts", type: "checkbox", checked: project?.allow_scripts ?? false });
  const fields = [labeled("Name", name), labeled("Description", description), h("label.check-field", {}, scripts, " Run Python in its .blend files", h("span.hint", {}, "It may do on the workers all that a worker may. Allow it only where you trust everybody who submits."))];
  const save = async () => {
    const wanted = { name: name.value.trim(), description: description.value.trim(), allow_scripts: scripts.checked };
    if (scripts.checked && !project?.allow_scripts && !await ask("Allow scripts", `Python in the .blend files of ${wanted.name} will run on the workers, with all that a worker may.`, "Allow it", { danger: true })) throw Object.assign(new Error("Scripts are not allowed: take the tick away, or allow them."), { field: "allow_scripts" });
    return project ? patch(`/projects/${project.id}`, wanted) : post("/projects", wanted);
  };
  if (await asked(project ? `Edit ${project.name}` : "Make a project", fields, project ? "Save" : "Make it", save)) toast(project ? "Saved. Jobs that are here already keep what they were made with." : "Made.");
}

async function remove(project) {
  const jobs = await all("/jobs", { project: project.name }, 1000);
  if (!jobs.length) return removed(`Delete ${project.name}`, "It has no jobs. Submissions that name it will be refused.", `/projects/${project.id}`);
  const go = await open(`Delete ${project.name}`, h("p", {}, `It has ${jobs.length < 1000 ? counted(jobs.length, "job") : "1,000 jobs or more"}, and a project with jobs cannot be deleted: that would take what they made. Delete its jobs first, or archive it.`), [{ label: "Cancel", value: false }, { label: "To its jobs", value: true, kind: "primary", focus: true }]);
  if (go) location.assign(jobsOf(project));
}
