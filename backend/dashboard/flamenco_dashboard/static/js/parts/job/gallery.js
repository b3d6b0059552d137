// All outputs of a job as small rows, the rest of each fetched when it is looked at; and what is new as it comes.
import { get } from "../../core/api.js";
import { steadily } from "../../core/dom.js";
import { complain } from "../../core/toast.js";

const BLOCK = 200; // outputs that are fetched together
const KEPT = 20000; // whole outputs that are remembered

export class Gallery extends EventTarget {
  /** Of the job of that id; `order` gives a step's place among the job's steps. */
  constructor(job, order = () => 0) {
    super();
    this.job = job;
    this.order = order;
    this.rows = []; // {id, step, kind, layer, frame, size}
    this.loaded = false;
    this.whole = new Map(); // id to output
    this.asked = new Map(); // id to the promise of it
    this.newest = "";
  }

  async load() {
    const found = await get(`/jobs/${this.job}/gallery`);
    this.rows = found.id.map((id, at) => ({
      id, step: found.steps[found.step[at]], kind: found.kinds[found.kind[at]], layer: found.layers[found.layer[at]], frame: found.frame[at], size: found.size[at],
    }));
    this.known = new Map(this.rows.map((row) => [row.id, row]));
    if (!this.newest && this.rows.length) this.newest = (await this.page())[0]?.created_at ?? "";
    this.sort();
    this.loaded = true;
    this.dispatchEvent(new Event("rows"));
  }

  sort() {
    const names = ["kind", "layer"];
    this.rows.sort((a, b) => {
      if (a.step !== b.step) return this.order(a.step) - this.order(b.step) || (a.step < b.step ? -1 : 1);
      for (const name of names) if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1;
      return (a.frame ?? Infinity) - (b.frame ?? Infinity) || a.id - b.id || 0;
    });
  }

  async page(cursor) {
    const page = await get(`/jobs/${this.job}/outputs`, { sort: "-created", limit: BLOCK, cursor });
    this.cursor = page.next;
    return page.items;
  }

  /** Fetch what came since the last look. */
  async fresh() {
    if (!this.loaded) return this.load();
    const since = this.newest;
    const made = [];
    let items, cursor;
    do {
      items = await this.page(cursor);
      cursor = this.cursor;
      made.push(...items.filter((each) => each.created_at >= since));
    } while (items.length && items.at(-1).created_at >= since && cursor);
    if (!made.length) return undefined;
    this.newest = made[0].created_at;
    let added = false;
    for (const output of made) {
      const before = this.whole.get(output.id);
      this.keep(output);
      const { id, step, kind, layer, frame, size } = output;
      const row = this.known.get(id);
      if (row) Object.assign(row, { size });
      else { const fresh = { id, step, kind, layer, frame, size }; this.rows.push(fresh); this.known.set(id, fresh); added = true; }
      if (row && before?.sha256 !== output.sha256) this.dispatchEvent(new CustomEvent("changed", { detail: output }));
    }
    if (added) { this.sort(); this.dispatchEvent(new Event("rows")); }
    return undefined;
  }
  soon = steadily(() => this.fresh().catch(complain), 600);

  keep(output) {
    if (this.whole.size > KEPT) this.whole.clear();
    this.whole.set(output.id, output);
  }

  /** The whole output of a row if it is here. */
  has(row) { return this.whole.get(row.id); }

  /** The whole output of a row; its neighbours in `list` come along. */
  output(row, list = [row], at = 0) {
    const known = this.whole.get(row.id);
    if (known) return Promise.resolve(known);
    if (!this.asked.has(row.id)) this.fetch(list.slice(at, at + BLOCK));
    return this.asked.get(row.id);
  }

  /** What the output of a row was before it was made anew, the newest first. */
  async earlier(row) {
    const output = await this.output(row);
    if (!output) return [];
    const page = await get(`/outputs/${output.id}/earlier`);
    return page.items.map((each) => ({ ...output, ...each, id: output.id, earlier: true }));
  }

  fetch(rows) {
    const ids = rows.map((row) => row.id).filter((id) => !this.whole.has(id) && !this.asked.has(id));
    if (!ids.length) return;
    const promise = get(`/jobs/${this.job}/outputs`, { ids: ids.join(","), limit: 1000 }).then((page) => { for (const output of page.items) this.keep(output); });
    for (const id of ids) this.asked.set(id, promise.then(() => this.whole.get(id)).finally(() => this.asked.delete(id)));
    for (const id of ids) this.asked.get(id).catch(() => {});
  }
}

/** Rows of the same step, kind and layer: what plays as one sequence. */
export const series = (row) => `${row.step}\n${row.kind}\n${row.layer}`;
