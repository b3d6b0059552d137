// The event stream: one connection a page. After a break it goes on where it was; after a `reset` everything is fetched anew.
import { say } from "./dom.js";
import { away } from "./server.js";

const sign = document.getElementById("live");
const listeners = new Map();
let source = null;
let last = "";
let pause = 500;

/** Hear of events of a kind ("job", "task", "run", "worker", "output", "setting" …; "*": all). Gives a function that ends it. */
export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
  return () => listeners.get(kind).delete(listener);
}

/** Hear when everything must be fetched anew: the page missed more than is kept, or was cut off from the start. */
export const onReset = (listener) => on("reset", listener);

function tell(kind, event) {
  for (const listener of listeners.get(kind) ?? []) listener(event);
}

/** Open the stream; `job`: of one job only. */
export function listen({ job } = {}) {
  const query = new URLSearchParams();
  if (job) query.set("job", job);
  if (last) query.set("since", last);
  source = new EventSource(`/events?${query}`);
  source.onopen = () => { pause = 500; show("live"); };
  source.onmessage = () => {};
  source.onerror = () => {
    show("away");
    source.close();
    setTimeout(() => listen({ job }), pause);
    pause = Math.min(pause * 1.7, 5000);
  };
  source.addEventListener("ready", (event) => { last = event.lastEventId || last; away(false); });
  source.addEventListener("reset", (event) => { last = event.lastEventId || last; tell("reset", null); });
  for (const kind of KINDS) source.addEventListener(kind, take);
}

const KINDS = [
  "job", "step", "task", "run", "worker", "manager", "output", "file", "setting", "project", "user", "token", "preset", "log", "alert",
];

function take(event) {
  last = event.lastEventId || last;
  const told = JSON.parse(event.data);
  tell(event.type, told);
  tell("*", told);
}

function show(state) {
  if (!sign) return;
  sign.dataset.state = state;
  say(sign.querySelector(".live-text"), state === "live" ? "live" : "reconnecting");
}
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted && source?.readyState === 2) listen(); });
