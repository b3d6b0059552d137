// Calls to the farm's API through the dashboard. A problem is thrown as `Problem`, whose message is one sentence.
import { back, dashboardAway, serverAway } from "./server.js";

const meta = (name) => document.querySelector(`meta[name="flamenco-${name}"]`)?.content ?? "";
export const me = { name: meta("user"), role: meta("role") };
const RANKS = ["viewer", "artist", "supervisor", "admin"];

/** Whether whoever is signed in has at least this role. The server decides all the same. */
export const may = (role) => RANKS.indexOf(me.role) >= RANKS.indexOf(role);
/** Whether they may change this job: their own, or all as a supervisor. */
export const mayChange = (job) => may("supervisor") || (may("artist") && job.owner === me.name);

export class Problem extends Error {
  constructor(status, detail, field = "") { super(detail); this.status = status; this.field = field; }
}

/** Make a call; the object that came, or null for an empty answer. `base`: "" for what the dashboard itself offers. */
export async function call(method, path, body, { signal, base = "/api" } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Flamenco-Mark"] = meta("mark");
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    dashboardAway();
    throw new Problem(0, "the dashboard does not answer");
  }
  return read(answer);
}

async function read(answer) {
  const text = await answer.text();
  let document_ = null;
  try { document_ = text ? JSON.parse(text) : null; } catch { /* no JSON: the status tells enough */ }
  if ([502, 503, 504].includes(answer.status)) serverAway(); else back();
  if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  if (!answer.ok) throw new Problem(answer.status, document_?.detail ?? `the server answered ${answer.status}`, document_?.field);
  return document_;
}

export const get = (path, query = {}, options) => call("GET", path + search(query), undefined, options);
export const post = (path, body = {}) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const put = (path, body) => call("PUT", path, body);
export const del = (path) => call("DELETE", path);

/** All items of a list, page by page, up to `most`. */
export async function all(path, query = {}, most = 100000, options) {
  const items = [];
  let cursor = query.cursor;
  do {
    const page = await get(path, { limit: Math.min(1000, most), ...query, cursor }, options);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}

/** `?a=b` of what is given; empty values are left out. */
export function search(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
