// One run in whole: what it made, on what machine, what it ran exactly, how long and with how much memory, and its log.
import { get } from "../../core/api.js";
import { h, fill, say } from "../../core/dom.js";
import { counted, duration, exactly, megabytes, moment, size } from "../../core/format.js";
import { attempt as tried, complain, toast } from "../../core/toast.js";
import { log } from "../log.js";
import { badge } from "../states.js";
import { memoryGraph } from "./memory.js";

const PICTURES = 24;

/** A view of a run. `around()` gives a promise of the step's rows for the graph. Gives {element, update(run), stop, log}. */
export function runView(run, { job, around, heading }) {
  const state = h("span");
  const facts = h("p.muted.num.run-facts");
  const reason = h("p.problem", { hidden: true });
  const result = h("section.card", { "aria-label": "What it made" });
  const machine = h("section.card", { "aria-label": "Machine" });
  const times = h("section.card", { "aria-label": "Times and memory" });
  const commands = h("section.card", { "aria-label": "Commands" });
  const shownLog = log(run, run.log_tail);
  const logCard = h("section.card.log-card", {}, h("h3", {}, "Log"), shownLog.element);
  const element = h("article.run", { "aria-label": `Attempt ${run.attempt}` },
    h("div.row.run-head", {}, heading, state, facts), reason, h("div.run-body", {}, logCard, h("div.stack.run-side", {}, result, times, machine, commands)));
  let drawn = {};
  const only = (name, mark, draw) => { if (drawn[name] !== mark) { drawn[name] = mark; draw(); } };

  const update = (now) => {
    run = now;
    fill(state, badge(run.status));
    const took = (new Date(run.finished_at ?? Date.now()) - new Date(run.started_at)) / 1000;
    say(facts, [`began ${moment(run.started_at)}`, run.finished_at ? `took ${duration(took)}` : `for ${duration(took)}`, run.peak_memory_mb ? `${megabytes(run.peak_memory_mb)} at most` : "",
      !run.finished_at && run.progress !== null ? `${Math.round(run.progress * 100)} %` : "", !run.finished_at ? run.activity : ""].filter(Boolean).join(" · "));
    facts.title = exactly(run.started_at);
    reason.hidden = !run.reason;
    say(reason, run.reason);
    only("commands", JSON.stringify(run.commands), drawCommands);
    only("times", JSON.stringify(run.timings), drawTimes);
    only("machine", `${run.worker} ${JSON.stringify(run.commands)}`, drawMachine);
    only("result", `${run.status} ${run.progress}`, drawResult);
  };

  const drawResult = async () => {
    try {
      const page = await get(`/jobs/${run.job}/outputs`, { run: run.id, limit: 200 });
      const pictures = page.items.filter((each) => each.thumbnail);
      const others = page.items.filter((each) => !each.thumbnail);
      const link = (each) => `/jobs/${run.job}?show=${each.id}#outputs`;
      const more = pictures.length - PICTURES;
      fill(result, h("h3", {}, "What it made"),
        pictures.length ? h("div.run-pictures", { data: { single: pictures.length === 1 } }, pictures.slice(0, PICTURES).map((each) => h("a", { href: link(each), title: `${each.path}, ${size(each.size)}` },
          h("img", { src: `/api/files/${each.thumbnail}`, alt: `Frame ${each.frame ?? each.path}`, loading: "lazy" }), h("span.hint.num", {}, each.frame ?? each.path.split("/").at(-1))))) : "",
        more > 0 ? h("p.hint", {}, `and ${counted(more, "more picture")}`) : "",
        others.slice(0, 20).map((each) => h("div.cut", {}, job.storage === "shared" ? each.path : h("a", { href: `/api/outputs/${each.id}/content`, download: "" }, each.path), h("span.hint", {}, ` ${size(each.size)}`))),
        page.items.length ? "" : h("p.muted", {}, run.status === "completed" ? "Nothing that is still there: a later run may have made the same files anew." : "Nothing yet."));
    } catch (error) { complain(error); }
  };

  const drawMachine = async () => {
    let worker = null;
    try { worker = await get(`/workers/${encodeURIComponent(run.worker)}`); } catch (error) { if (error.status !== 404) complain(error); }
    const able = worker?.abilities ?? {};
    const used = new Set(run.commands.map((each) => each.blender).filter(Boolean));
    const blenders = (able.blenders ?? []).filter((each) => used.has(each.executable) || used.has(`bpy:${each.executable}`));
    const rows = [
      ["Worker", h("a", { href: `/workers/${encodeURIComponent(run.worker)}` }, worker?.name ?? run.worker)],
      ["Host", able.hostname], ["System", able.platform], ["Processor", able.cores ? counted(able.cores, "core") : ""], ["Memory", able.memory_mb ? megabytes(able.memory_mb) : ""],
      ["Graphics", (able.gpus ?? []).map((gpu) => `${gpu.name} (${gpu.backend}${gpu.memory_mb ? `, ${megabytes(gpu.memory_mb)}` : ""})`).join(", ") || (worker ? "none that Blender can use" : "")],
      ["Blender", used.size ? [...used].map((executable) => { const known = blenders.find((each) => executable.endsWith(each.executable)); return h("div", {}, known ? `${known.version} ` : "", h("code.wrap", {}, executable)); }) : ""],
      ["FFmpeg", run.commands.some((each) => each.command?.startsWith("ffmpeg")) ? able.ffmpeg_version : ""], ["Worker software", able.version], ["Tags", worker?.tags.join(", ")],
    ].filter(([, value]) => value && value.length !== 0);
    fill(machine, h("h3", {}, "Machine"), h("dl.facts-list", {}, rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])), worker ? "" : h("p.hint", {}, "This worker is not on the farm any more."));
  };

  const drawTimes = async () => {
    const { timings } = run;
    if (!timings.length) { fill(times, h("h3", {}, "Times and memory"), h("p.muted", {}, run.finished_at ? "No frame was timed." : "No frame is finished yet.")); return; }
    const whole = timings.reduce((sum, each) => sum + each.total, 0), render = timings.reduce((sum, each) => sum + each.render, 0);
    const rows = timings.map((each) => h("tr", {}, h("td.num", {}, each.frame), h("td.num", {}, duration(each.total)), h("td.num", {}, duration(each.render)), h("td.num", {}, megabytes(each.memory_mb))));
    const graph = h("div");
    fill(times, h("h3", {}, "Times and memory"), graph,
      h("div.scroll-x.timings", { tabIndex: 0, role: "region", "aria-label": "Times of each frame" }, h("table.plain", {}, h("tr", {}, ["Frame", "Time", "Rendering", "Memory"].map((text) => h("th", {}, text))), rows,
        timings.length > 1 ? h("tr.sum", {}, h("td", {}, "All"), h("td.num", {}, duration(whole)), h("td.num", {}, duration(render)), h("td.num", {}, megabytes(Math.max(...timings.map((each) => each.memory_mb))))) : "")));
    const own = timings.filter((each) => each.memory_mb).map((each) => ({ label: String(each.frame), memory: each.memory_mb, seconds: each.total, own: false }));
    if (own.length > 1) fill(graph, memoryGraph(own, "Memory and time of each frame"));
    else if (own.length) {
      const among = await around().catch(() => []);
      if (among.length > 1) fill(graph, memoryGraph(among, "Memory and time of the step's tasks, this one marked"), h("p.hint", {}, "All tasks of this step; this one is marked."));
    }
  };

  const drawCommands = () => {
    if (!run.commands.length) { fill(commands, h("h3", {}, "Commands"), h("p.muted", {}, "What it ran exactly comes with the run's first report.")); return; }
    fill(commands, h("h3", {}, counted(run.commands.length, "command"), ", exactly as the worker ran them"), run.commands.map((each) => {
      const text = JSON.stringify(each, null, 2);
      return h("details.command", { open: run.commands.length < 4 }, h("summary", {}, h("code", {}, each.command)),
        h("div.command-text", {}, h("pre.mono", { tabIndex: 0, role: "region", "aria-label": `The command ${each.command}` }, text), h("button.small", { type: "button", onclick: () => copy(text), "aria-label": `Copy the command ${each.command}` }, "Copy")));
    }));
  };

  update(run);
  return { element, update, stop: shownLog.stop, log: shownLog };
}

/** Copy a text; browsers let pages without TLS do so only the old way. */
function copy(text) {
  return tried(async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      const area = h("textarea", { value: text, "aria-hidden": "true" });
      document.body.append(area);
      area.select();
      const did = document.execCommand("copy");
      area.remove();
      if (!did) throw new Error("the browser does not let this page copy: select the text instead");
    }
    toast("Copied.");
  });
}
