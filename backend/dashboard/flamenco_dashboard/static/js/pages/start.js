// The first start: what a new farm still needs, step by step, each ticked off by itself. What is typed is never drawn over.
import { all, call, get, may, me, post } from "../core/api.js";
import { h, fill, say, steadily } from "../core/dom.js";
import { counted } from "../core/format.js";
import { main } from "../core/frame.js";
import { listen, on, onReset } from "../core/live.js";
import { prefer, preference } from "../core/prefs.js";
import { attempt, complainUnlessAway, toast } from "../core/toast.js";
import { bar } from "../parts/states.js";

const live = listen();
const steps = {
  admin: step("Have a password"), worker: step("Have a worker"), addon: step("Install the add-on in Blender"),
  submit: step("Render something"), frame: step("See the first frame"),
};
fill(main, h("div.head", {}, h("h1", {}, "First start"), h("span.muted", {}, "From nothing to the first frame, in a few minutes")),
  h("ol.start-steps", {}, Object.values(steps).map((each) => each.element)));

function step(title) {
  const tick = h("span.tick", { "aria-hidden": "true" }), done = h("span.unseen"), body = h("div");
  const element = h("li.card", {}, h("h2", {}, tick, h("span", {}, title), done), body);
  const mark = (is) => {
    element.dataset.state = is ? "completed" : "queued";
    say(tick, is ? "✓" : "");
    say(done, is ? " (done)" : "");
  };
  mark(false);
  return { element, body, mark };
}

// ---- who you are ----

async function drawAdmin() {
  const who = await get("/me");
  steps.admin.mark(who.has_password);
  if (who.has_password) fill(steps.admin.body, h("p", {}, `You are ${me.name}, ${me.role}, and can sign in with your password.`));
  else if (!steps.admin.body.childElementCount) fill(steps.admin.body, passwordForm());
}
function passwordForm() {
  const input = h("input", { type: "password", autocomplete: "new-password", required: true, minLength: 8, maxLength: 200 });
  return h("form", { onsubmit: (event) => {
    event.preventDefault();
    attempt(async () => { await post("/me/password", { old: "", new: input.value }); toast("Your password is set."); await drawAdmin(); });
  } }, h("p", {}, `You are ${me.name}, ${me.role}, signed in by a link or a token. With a password you can come again from any browser.`),
  h("input", { type: "text", autocomplete: "username", value: me.name, hidden: true, readOnly: true }), h("div.row", {}, h("label", {}, "Password, 8 characters or more", input), h("button.end-button", {}, "Set it")));
}

// ---- the add-on ----

async function drawAddon() {
  const addon = await get("/addon").catch(() => null);
  const fetched = () => attempt(async () => { await prefer("start.addon", false, () => true); steps.addon.mark(true); });
  steps.addon.mark(await preference("start.addon", false));
  fill(steps.addon.body, addon?.items.length
    ? [h("p", {}, "It has this farm's address in it:"), h("div.row", {}, addon.items.map((each) => h("a.button", { href: `/api/addon/${each.kind}.zip`, download: "", onclick: fetched }, `For Blender ${each.blender}`))),
      h("p.hint", {}, "Blender 4.2 and later: drop the file on Blender's window. Before: Preferences > Add-ons > Install. The panel is in the Output properties.")]
    : h("p", {}, "This server has no add-on yet: say ", h("code", {}, "make addon"), " where it is installed. The sample below needs none."));
}

// ---- a job ----

const freshToken = () => `sample-${Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
let clientToken = freshToken(); // sent twice, as a link may break, it is one job
const send = h("button.primary", { type: "button", hidden: !may("artist"), onclick: async () => {
  send.disabled = true;
  await attempt(async () => { await call("POST", "/sample", { client_token: clientToken }, { base: "" }); clientToken = freshToken(); toast("The sample is on its way."); await load(); });
  send.disabled = false;
} }, "Render the sample");
fill(steps.submit.body, h("p", {}, "A turning monkey of 24 small frames, and a video of them:"), h("div.row", {}, send, may("artist") ? "" : h("span.muted", {}, "You may look only: ask an admin to make you an artist.")),
  h("p.hint", {}, "Or your own: press Render on Flamenco in Blender, or say ", h("code", {}, "flamenco submit shot.blend --wait"), "."));

function drawFrame(job, workers) {
  steps.frame.mark(Boolean(job?.thumbnail));
  if (!job) { fill(steps.frame.body, h("p.muted", {}, "It shows up here by itself.")); return; }
  const link = h("a", { href: `/jobs/${job.id}` }, job.name);
  const first = steps.frame.body.querySelector("img");
  const picture = job.thumbnail ? first ?? h("img.first", {}) : "";
  if (picture) Object.assign(picture, { src: `/api/files/${job.thumbnail}`, alt: `The newest frame of ${job.name}` });
  fill(steps.frame.body, picture ? h("a", { href: `/jobs/${job.id}` }, picture) : h("p.muted", {}, workers ? "It shows up here by itself." : "The job waits for a worker."),
    h("p", {}, link, `: ${job.counts.completed} of ${counted(job.total, "task")} done`), bar(job.counts, job.total));
}

async function load() {
  try {
    const [farm, jobs, workers] = await Promise.all([get("/farm"), get("/jobs", { limit: 1, sort: "-created" }), all("/workers", {}, 50), drawAdmin()]);
    const awake = workers.filter((worker) => worker.state === "awake").length;
    steps.worker.mark(awake > 0);
    fill(steps.worker.body, h("p", {}, workers.length ? `${counted(workers.length, "worker")} joined, ${awake} awake.` : "No worker has joined yet."), may("supervisor") ? h("a.button", { href: "/managers#add" }, workers.length ? "Add another" : "Add a worker") : "");
    steps.submit.mark(jobs.items.length > 0);
    drawFrame(jobs.items[0], farm.workers.awake);
  } catch (error) { complainUnlessAway(error); }
}
const soon = steadily(load, 500);
for (const kind of ["job", "worker", "output", "user"]) on(kind, soon);
onReset(load);
await live;
await Promise.all([load(), drawAddon().catch(complainUnlessAway)]);
