// The first start: what a new farm still needs, step by step, each ticked off by itself.
import { all, get, may } from "../core/api.js";
import { h, fill, steadily } from "../core/dom.js";
import { counted } from "../core/format.js";
import { main } from "../core/frame.js";
import { listen, on, onReset } from "../core/live.js";
import { complain } from "../core/toast.js";

const list = h("ol.start-steps");
fill(main, h("div.head", {}, h("h1", {}, "First start"), h("span.muted", {}, "From nothing to the first frame")), list);

const step = (done, title, ...inside) => h("li.card", { data: { state: done ? "completed" : "queued" } }, h("h2", {}, h("span.tick", { "aria-hidden": "true" }, done ? "✓" : ""), title, done ? h("span.unseen", {}, " (done)") : ""), inside);

async function load() {
  try {
    const [farm, jobs, addon, workers] = await Promise.all([get("/farm"), get("/jobs", { limit: 1 }), get("/addon").catch(() => null), all("/workers", {}, 50)]);
    const awake = farm.workers.awake;
    const job = jobs.items[0];
    fill(list,
      step(awake > 0, "Have a worker", h("p", {}, workers.length ? `${counted(workers.length, "worker")} joined, ${awake} awake.` : "No worker has joined yet."), may("supervisor") ? h("a.button", { href: "/managers#add" }, "Add a worker") : ""),
      step(false, "Install the add-on in Blender", addon?.items.length ? [h("p", {}, "With this farm's address in it:"), h("div.row", {}, h("a.button", { href: "/api/addon/extension.zip", download: "" }, "For Blender 4.2 and later"), h("a.button", { href: "/api/addon/legacy.zip", download: "" }, "For Blender 3.4 to 4.1")), h("p.hint", {}, "Drop the file on Blender's window, or Preferences > Get Extensions > Install from Disk. The panel is in the Output properties.")]
        : h("p", {}, "This server has no add-on yet: say `make addon` where it is installed.")),
      step(Boolean(job), "Press Render on Flamenco", h("p", {}, "Sign in there through the browser, open a scene and press the button. From a terminal: ", h("code", {}, "flamenco submit shot.blend --wait"))),
      step(Boolean(job?.thumbnail), "See the first frame", job?.thumbnail ? h("a", { href: `/jobs/${job.id}` }, h("img.first", { src: `/api/files/${job.thumbnail}`, alt: `The newest frame of ${job.name}` })) : h("p.muted", {}, "It shows up here by itself.")));
  } catch (error) { complain(error); }
}
const soon = steadily(load, 500);
await load();
for (const kind of ["job", "worker", "output"]) on(kind, soon);
onReset(load);
listen();
