// The Settings tab: what the job is and how it renders, by its type's own form; what may be changed can be changed here.
import { get, mayChange, me, patch } from "../../core/api.js";
import { h, fill } from "../../core/dom.js";
import { complain, toast } from "../../core/toast.js";
import { overridesEditor } from "./overrides.js";

export function settings(model) {
  const element = h("section.settings-tab", { "aria-label": "Settings" });
  const cards = h("div.cards");
  let type = null, presets = [];

  const begun = (job) => job.started_at !== null || job.counts.processing + job.counts.completed + job.counts.failed + job.counts.canceled > 0;
  const locked = (job) => {
    if (!mayChange(job)) return me.role === "viewer" ? "You may look only, so nothing here can be changed." : "This is not your job, so nothing here can be changed.";
    if (begun(job)) return "Its tasks have begun: how it renders can be changed only before that. Submit it again to change it.";
    if (type && type.error) return `The job type cannot be used now: ${type.error}`;
    return "";
  };

  const draw = () => {
    const { job } = model;
    if (!job || !type) { fill(element, h("p.muted", {}, "loading…")); return; }
    const why = locked(job);
    // What somebody types now is not taken from under their hands, unless it could not be saved any more.
    for (const [place, card] of [about, rendering, renderSettings, sceneValues].entries()) {
      const old = cards.children[place];
      if (!old) cards.append(card(job, why));
      else if (!old.dataset.touched || (why && card !== about)) old.replaceWith(card(job, why));
    }
    if (!cards.isConnected) fill(element, cards);
  };
  const touch = (event) => { if (event.target.form && event.target.type !== "submit") event.target.form.dataset.touched = "yes"; };
  cards.addEventListener("input", touch);
  cards.addEventListener("click", touch);

  // ---- the job itself: may change at any time ----

  const about = (job) => {
    const mine = mayChange(job);
    const name = field("Name", h("input", { value: job.name, maxLength: 300, required: true, disabled: !mine }));
    const comment = field("Comment", h("textarea", { value: job.comment, rows: 2, disabled: !mine }));
    const workers = field("Most workers at once", h("input", { type: "number", min: 0, max: 100000, step: 1, value: job.max_workers, disabled: !mine }), "0: any number");
    const priority = field("Priority", h("input", { type: "number", min: 0, max: 1000, step: 1, value: job.priority, disabled: !mine }), "Higher comes first, 0 to 1000");
    const read = () => {
      const given = {};
      const [title, words, most, first] = [name, comment, workers, priority].map((each) => each.input);
      if (title.value.trim() !== job.name) given.name = title.value.trim();
      if (words.value !== job.comment) given.comment = words.value;
      if (most.valueAsNumber !== job.max_workers) given.max_workers = most.valueAsNumber;
      if (first.valueAsNumber !== job.priority) given.priority = first.valueAsNumber;
      return given;
    };
    return h("form.card.form", { onsubmit: (event) => save(event, read) }, h("h2", {}, "The job"),
      [name, comment, workers, priority].map((each) => each.element), facts([
        ["Type", job.type], ["Project", job.project], ["Owner", job.owner], ["Scene file", job.blend || "none"], ["Blender", job.blender || "any that can read the file"],
        ["Storage", job.storage === "shared" ? `shared: files in ${job.job_root}, results in ${job.output_root}` : "files were sent to the farm"], ["Missing files", job.allow_missing ? "are allowed" : "stop it"],
      ]), mine ? h("div.actions", {}, h("button.primary", {}, "Save")) : "");
  };

  // ---- the type's own form ----

  const rendering = (job, why) => {
    const shown = type.settings.filter((each) => !each.hidden);
    const fields = shown.map((each) => ({ declared: each, ...control(each, job.settings[each.name], Boolean(why), job) }));
    const tags = field("Tags that its workers must have", h("input", { value: job.tags.join(", "), disabled: Boolean(why) }), "With commas between");
    const read = () => {
      const changes = {};
      for (const { declared, value } of fields) {
        const now = value();
        const before = job.settings[declared.name];
        if (now === null ? before !== undefined : JSON.stringify(now) !== JSON.stringify(before ?? fallback(declared, job))) changes[declared.name] = now;
      }
      const given = Object.keys(changes).length ? { settings: changes } : {};
      const wanted = words(tags.input.value);
      if (wanted.join() !== job.tags.join()) given.tags = wanted;
      return given;
    };
    const unknown = Object.entries(job.settings).filter(([name]) => !type.settings.some((each) => each.name === name));
    return h("form.card.form", { onsubmit: (event) => save(event, read) }, h("h2", {}, `How it ${job.type === "bake" ? "bakes" : "renders"}`),
      why ? h("p.locked", { role: "note" }, why) : "", fields.map((each) => each.element), tags.element,
      unknown.length ? facts(unknown.map(([name, value]) => [name, plain(value)])) : "", why ? "" : h("div.actions", {}, h("button.primary", {}, "Save")));
  };

  // ---- preset and overrides ----

  const renderSettings = (job, why) => {
    const preset = h("select", { disabled: Boolean(why) }, h("option", { value: "" }, "none: as the file says"), presets.map((each) => h("option", { value: each.name, disabled: Boolean(each.error) }, each.label || each.name)),
      job.preset && !presets.some((each) => each.name === job.preset) ? h("option", { value: job.preset }, job.preset) : "");
    preset.value = job.preset;
    const help = h("span.hint");
    const overrides = overridesEditor(job.overrides, Boolean(why));
    const describe = () => {
      const chosen = presets.find((each) => each.name === preset.value);
      fill(help, chosen ? [chosen.help, h("br"), Object.entries(chosen.overrides).map(([name, value]) => `${name} = ${plain(value)}`).join(", ")] : "");
    };
    preset.addEventListener("change", describe);
    describe();
    const read = () => {
      const given = {};
      if (preset.value !== job.preset) given.preset = preset.value;
      const wanted = overrides.read();
      if (JSON.stringify(wanted) !== JSON.stringify(job.overrides)) given.overrides = wanted;
      return given;
    };
    return h("form.card.form", { onsubmit: (event) => save(event, read) }, h("h2", {}, "Render settings"),
      h("p.hint", {}, "Laid over the file's own when a worker opens it: first the preset, then the single ones below."),
      h("label", {}, "Preset", preset), help, overrides.element, why ? "" : h("div.actions", {}, h("button.primary", {}, "Save")));
  };

  const sceneValues = (job) => {
    const entries = Object.entries(job.scene);
    return h("section.card", {}, h("h2", {}, "From the scene"), entries.length ? facts(entries.map(([name, value]) => [name.replaceAll("_", " "), plain(value)])) : h("p.muted", {}, "Nothing was read from a scene."));
  };

  const save = async (event, read) => {
    event.preventDefault();
    const form = event.currentTarget;
    const button = form.querySelector(".actions button");
    form.querySelector(".problem")?.remove();
    for (const marked of form.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
    let given;
    try { given = read(); } catch (error) { problem(form, error); return; }
    if (!Object.keys(given).length) { toast("Nothing was changed.", { tone: "queued" }); return; }
    button.disabled = true;
    try {
      model.job = await patch(`/jobs/${model.id}`, given);
      toast("Saved.");
      delete form.dataset.touched;
      await model.reload();
      draw();
    } catch (error) { problem(form, error); }
    button.disabled = false;
  };
  const problem = (form, error) => {
    const name = error.field?.split(".").at(-1);
    const guilty = name && form.querySelector(`[name="${CSS.escape(name)}"]`);
    const shown = h("p.problem", { role: "alert" }, error.message);
    if (guilty) { guilty.setAttribute("aria-invalid", "true"); guilty.closest("label").after(shown); guilty.focus(); } else form.querySelector(".actions").before(shown);
  };

  const load = async () => {
    try {
      const [found, listed] = await Promise.all([get(`/job-types/${encodeURIComponent(model.job.type)}`).catch(missing), get("/render-settings")]);
      type = found;
      presets = listed.items;
      draw();
    } catch (error) { complain(error); }
  };
  const missing = (error) => {
    if (error.status !== 404) throw error;
    return { settings: [], error: "it is not there any more" };
  };
  let drawnFor = "";
  model.addEventListener("job", () => {
    if (!type) { load(); return; }
    const { job } = model;
    const mark = JSON.stringify([job.name, job.comment, job.max_workers, job.priority, job.settings, job.tags, job.preset, job.overrides, begun(job)]);
    if (mark !== drawnFor) draw();
    drawnFor = mark;
  });
  draw();
  if (model.job) load();
  return element;
}

// ---- fields ----

function field(label, input, help = "") {
  return { input, element: h("label", {}, label, input, help ? h("span.hint", {}, help) : "") };
}

/** The control of a declared setting: {element, value()}; a null value takes the job's own away, so that the default holds. */
function control(declared, given, disabled, job) {
  const { name, type, label, help, choices } = declared;
  const shown = given ?? fallback(declared, job);
  const hint = [help, declared.source ? `from the scene: ${plain(job.scene[declared.source] ?? "not given")}` : ""].filter(Boolean).join("; ");
  const kept = declared.source && given === undefined ? "" : null;
  if (type === "bool") {
    const input = h("input", { type: "checkbox", name, checked: Boolean(shown), disabled });
    return { element: h("label.check-field", {}, input, ` ${label}`, hint ? h("span.hint", {}, hint) : ""), value: () => input.checked };
  }
  if (choices.length && type !== "list") {
    const input = h("select", { name, disabled }, choices.map((value) => h("option", { value }, value || "(none)")), choices.includes(String(shown)) ? "" : h("option", { value: shown ?? "" }, String(shown ?? "")));
    input.value = shown ?? "";
    return { element: field(label, input, hint).element, value: () => input.value };
  }
  if (type === "int" || type === "float") {
    const input = h("input", { type: "number", name, step: type === "int" ? 1 : "any", min: declared.minimum, max: declared.maximum, value: kept ?? shown ?? "", placeholder: shown ?? "", disabled, required: declared.required });
    return { element: field(label, input, hint).element, value: () => (input.value === "" ? null : input.valueAsNumber) };
  }
  const input = h("input", { name, value: kept ?? (Array.isArray(shown) ? shown.join(", ") : shown ?? ""), placeholder: Array.isArray(shown) ? shown.join(", ") : shown ?? "", disabled, required: declared.required });
  return { element: field(label, input, hint).element, value: () => (type === "list" ? words(input.value) : input.value.trim() === "" && declared.source ? null : input.value.trim()) };
}

/** What holds where the job says nothing. */
function fallback(declared, job) {
  return (declared.source ? job.scene[declared.source] : undefined) ?? declared.default ?? (declared.type === "list" ? [] : declared.type === "bool" ? false : "");
}

const words = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);
const facts = (entries) => h("dl.facts-list", {}, entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

function plain(value) {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((each) => (each && typeof each === "object" ? each.name ?? each.key ?? JSON.stringify(each) : String(each))).join(", ") || "none";
  if (typeof value === "object") return Object.entries(value).map(([name, each]) => `${name}: ${plain(each)}`).join(", ") || "none";
  return String(value);
}
