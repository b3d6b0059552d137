// Whether the server answers, as the banner at the top says.
import { say } from "./dom.js";

const banner = document.getElementById("away");
const watchers = new Set();
let isAway = false;

/** Show or hide the banner. */
export function away(now, sentence = "") {
  if (banner) {
    banner.hidden = !now;
    if (now) say(banner, sentence);
  }
  if (isAway === now) return;
  isAway = now;
  for (const watcher of watchers) watcher(now);
}

/** Hear when the server goes away (true) or comes back (false). */
export function onAway(watcher) { watchers.add(watcher); }
