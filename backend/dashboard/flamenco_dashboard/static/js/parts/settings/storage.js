// What is kept, how much room there is, and the clean-up.
import { get, may, post } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ask } from "../../core/dialog.js";
import { ago, counted, moment, size } from "../../core/format.js";
import { toast } from "../../core/toast.js";
import { doing } from "../settings.js";

const LOOK_AGAIN_MS = 2000;

export async function storage(again) {
  const found = await get("/storage");
  const last = found.clean_up;
  const clean = async () => {
    const what = h("div", {}, h("p", {}, "Files that no job, result or preview names, and that nobody sent or asked for in the last day, go. So do old records and logs, as the server is set up."), h("p", {}, "Jobs and what they made stay."));
    if (!await ask("Clean up", what, "Clean up")) return;
    await post("/storage/clean-up");
    toast("It cleans up; this page tells what came of it.");
  };
  // It ends without an event; a section that is gone asks no more.
  const state = h("p.muted", { role: "status" }, last.running_since ? `A clean-up goes on since ${moment(last.running_since)}.` : last.last_at ? `The last clean-up, ${ago(last.last_at)}, took away ${counted(last.files, "file")}, ${size(last.bytes)}.` : "It was never cleaned up.");
  if (last.running_since) setTimeout(() => state.isConnected && again(), LOOK_AGAIN_MS);
  const used = found.disk_bytes ? (found.disk_bytes - found.disk_free_bytes) / found.disk_bytes : 0;
  return [h("p", {}, h("strong.big", {}, size(found.files_bytes)), h("br"), `in ${counted(found.files, "file")}, in ${found.place}`),
    found.disk_bytes ? h("div.disk", {}, h("div.bar", { role: "img", "aria-label": `The disk is ${Math.round(100 * used)} % full` }, h("span", { data: { state: used > 0.9 ? "failed" : "processing" }, style: { width: `${100 * used}%` } })), h("p.hint", {}, `${size(found.disk_free_bytes)} free of ${size(found.disk_bytes)}`)) : "",
    state, may("admin") ? h("div", {}, doing(last.running_since ? "It goes on…" : "Clean up…", clean, again)) : ""];
}
