// Whether the dashboard and the farm's server answer, as the banner at the top says. Both are asked again and again, so that a
// page on which nothing happens knows it too.
import { say } from "./dom.js";

const SERVER = "The farm's server does not answer. The farm goes on; this page keeps what it knew and recovers by itself.";
const DASHBOARD = "The dashboard does not answer. The farm goes on; this page keeps what it knew and recovers by itself.";
const ASK_EVERY = 5000, ASK_AGAIN = 1500, PATIENCE = 8000;
const banner = document.getElementById("away");
const watchers = new Set();
let sentence = "";
let timer = 0;

/** Hear when the server or the dashboard goes away (true) or comes back (false). */
export function onAway(watcher) { watchers.add(watcher); }

export const serverAway = () => show(SERVER);
export const dashboardAway = () => show(DASHBOARD);
export const back = () => show("");

function show(text) {
  if (banner) {
    banner.hidden = !text;
    if (text) say(banner, text);
  }
  const changed = Boolean(sentence) !== Boolean(text);
  sentence = text;
  if (!changed) return;
  plan();
  for (const watcher of watchers) watcher(Boolean(text));
}

/** Ask now whether they answer. */
export async function check() {
  clearTimeout(timer);
  try {
    const answer = await fetch("/alive", { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) back(); else serverAway();
  } catch { dashboardAway(); }
  plan();
}
function plan() {
  clearTimeout(timer);
  timer = setTimeout(() => (document.hidden ? plan() : check()), sentence ? ASK_AGAIN : ASK_EVERY);
}
document.addEventListener("visibilitychange", () => document.hidden || check());
if (banner) plan();
