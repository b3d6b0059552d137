// The event stream: one connection a page. After a break it goes on where it was; after a `reset` everything is fetched anew.
import { me } from "./api.js";
import { say } from "./dom.js";
import { check, onAway } from "./server.js";

const FIRST_WAIT = 1000; // a page begins without its stream after so long
const LONG_BREAK = 8000, LOOK_EVERY = 15_000; // a page whose stream is cut for long looks by itself
const ASLEEP = 60_000; // a page that nobody saw for so long does not trust its stream: the machine may have slept
const sign = document.getElementById("live");
const listeners = new Map();
let source = null;
let wanted = null;
let last = "";
let pause = 500;
let cut = 0, looked = 0, hidden = 0;
let begun;
const beginning = new Promise((resolve) => { begun = resolve; });

/** Hear of events of a kind ("job", "task", "run", "worker", "output", "setting" …; "*": all). Gives a function that ends it. */
export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
  return () => listeners.get(kind).delete(listener);
}

/** Hear when everything must be fetched anew: the page missed more than is kept, or the server was away. */
export const onReset = (listener) => on("reset", listener);

function tell(kind, event) {
  for (const listener of listeners.get(kind) ?? []) listener(event);
}

/**
 * Open the stream; `job`: of one job only. What is fetched once the result has come misses nothing: changes that come later
 * are told. It comes after a moment even if the stream does not.
 */
export function listen({ job } = {}) {
  wanted = { job };
  connect();
  setTimeout(begun, FIRST_WAIT);
  return beginning;
}

function connect() {
  source?.close();
  const query = new URLSearchParams();
  if (wanted.job) query.set("job", wanted.job);
  if (last) query.set("since", last);
  source = new EventSource(`/events?${query}`);
  source.onopen = () => { [pause, cut] = [500, 0]; show("live"); };
  source.onmessage = () => {};
  source.onerror = broken;
  source.addEventListener("ready", (event) => { last = event.lastEventId || last; begun(); });
  source.addEventListener("reset", (event) => { last = event.lastEventId || last; tell("reset", null); });
  for (const kind of KINDS) source.addEventListener(kind, take);
}

function broken() {
  show("away");
  source.close();
  check();
  const now = performance.now();
  cut ||= now;
  if (now - cut > LONG_BREAK && now - looked > LOOK_EVERY) {
    looked = now;
    tell("reset", null);
  }
  setTimeout(connect, pause);
  pause = Math.min(pause * 1.7, 5000);
}

const KINDS = [
  "job", "step", "task", "run", "worker", "manager", "output", "file", "setting", "project", "user", "token", "preset", "log", "alert", "enrolment", "storage",
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

onAway((now) => {
  if (now) return;
  if (!me.role) location.reload(); // the page was made while nobody could say who is signed in
  else setTimeout(() => tell("reset", null), Math.random() * 1000); // hundreds of pages hear of it at once
});
const again = () => wanted && connect();
addEventListener("online", again);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hidden = performance.now();
  else if (performance.now() - hidden > ASLEEP) again();
});
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) again(); });
