// With what a picture is compared: an earlier result of the same frame, another layer or step of the job, or another job.
import { get } from "../../core/api.js";
import { h, fill, later } from "../../core/dom.js";
import { moment } from "../../core/format.js";
import { complain } from "../../core/toast.js";
import { Gallery, series } from "../job/gallery.js";

/** What stands beside each row: `find(row)` gives a promise of an output, or of null. */
export function otherSeries(gallery, key) {
  const byFrame = new Map(gallery.rows.filter((row) => series(row) === key).map((row) => [row.frame, row]));
  return (row) => { const found = byFrame.get(row.frame); return found ? gallery.output(found) : Promise.resolve(null); };
}

/** What each was before another run made it anew. */
export const earlierResult = (gallery) => async (row) => (await gallery.earlier(row))[0] ?? null;

/** The same of another job: the same step and layer if it has them, else what is nearest. */
export async function otherJob(id) {
  const gallery = new Gallery(id);
  await gallery.load();
  const byFrame = new Map();
  for (const row of gallery.rows) { if (!byFrame.has(row.frame)) byFrame.set(row.frame, []); byFrame.get(row.frame).push(row); }
  return (row) => {
    const near = (other) => (other.kind === row.kind ? 4 : 0) + (other.step === row.step ? 2 : 0) + (other.layer === row.layer ? 1 : 0);
    const found = (byFrame.get(row.frame) ?? []).reduce((best, each) => (!best || near(each) > near(best) ? each : best), null);
    return found ? gallery.output(found) : Promise.resolve(null);
  };
}

/** Let somebody choose a job, inside `host` (a dialog); gives {id, name} or null. */
export function pickJob(host, job) {
  return new Promise((resolve) => {
    const input = h("input", { type: "search", placeholder: "Part of a name", "aria-label": "Search jobs", autofocus: true });
    const list = h("div.pick-list");
    const close = (value) => { dialog.close(); dialog.remove(); resolve(value); };
    const look = later(async () => {
      try {
        const page = await get("/jobs", { name: input.value.trim(), limit: 60 });
        // The newest first, and those most like this one before the others.
        const near = (each) => (each.type === job.type ? 0 : 2) + (each.project === job.project ? 0 : 1);
        const others = page.items.filter((each) => each.id !== job.id && each.counts.completed).sort((a, b) => near(a) - near(b));
        fill(list, others.length ? others.map((each) => h("button.pick", { type: "button", onclick: () => close(each) },
          each.thumbnail ? h("img.picture", { src: `/api/files/${each.thumbnail}`, alt: "" }) : h("span.no-picture"), h("span.grow.cut", {}, each.name), h("span.muted", {}, moment(each.created_at)))) : h("p.muted", {}, "No other job of that name has results."));
      } catch (error) { complain(error); }
    }, 150);
    input.addEventListener("input", look);
    const dialog = h("dialog.pick-dialog", { "aria-label": "Compare with a job", oncancel: (event) => { event.preventDefault(); event.stopPropagation(); close(null); }, onkeydown: (event) => event.stopPropagation() },
      h("h2", {}, "Compare with a job"), h("div.form", {}, input, list), h("div.actions", {}, h("button", { type: "button", onclick: () => close(null) }, "Cancel")));
    host.append(dialog);
    dialog.showModal();
    look();
  });
}
