// What a job's page knows: the job, its steps, all its tasks as columns. Parts read it and hear when it changes.
import { get } from "../../core/api.js";
import { once, steadily } from "../../core/dom.js";
import { on, onReset } from "../../core/live.js";
import { complainUnlessAway } from "../../core/toast.js";

const LETTERS = { waiting: "w", queued: "q", processing: "p", completed: "c", failed: "f", canceled: "x" };

export class Model extends EventTarget {
  constructor(id) {
    super();
    this.id = id;
    this.job = null;
    this.steps = [];
    this.grid = { steps: [], task: [], step: [], label: [], status: [], worker: [], workers: [] };
    this.place = new Map(); // of a task in the columns
    this.tally = {}; // how many tasks have each letter
    this.doubt = 0; // a timer, while the columns look stale
    this.workers = new Map(); // id to worker
    this.tellCells = once(() => this.dispatchEvent(new Event("cells")));
  }

  /** Fetch everything, and follow the events from then on. */
  async start() {
    await this.loadJob();
    this.loadWorkers();
    await this.loadGrid();
    on("job", (event) => {
      if (event.data.deleted) location.assign("/jobs");
      if (event.data.changed?.includes("settings")) this.reload();
      if (event.data.counts) this.check(event.data.counts);
      this.soon();
    });
    on("task", (event) => this.task(event));
    on("output", (event) => this.dispatchEvent(new CustomEvent("output", { detail: event })));
    onReset(() => this.reload());
  }

  soon = steadily(() => this.loadJob().catch(complainUnlessAway), 500);

  async reload() {
    await Promise.all([this.loadJob(), this.loadGrid()]).catch(complainUnlessAway);
  }

  async loadJob() {
    const [job, steps] = await Promise.all([get(`/jobs/${this.id}`), get(`/jobs/${this.id}/steps`)]);
    this.job = job;
    this.steps = steps.items;
    if (this.place.size) this.check(job.counts);
    this.dispatchEvent(new Event("job"));
  }

  async loadGrid() {
    const grid = await get(`/jobs/${this.id}/grid`);
    this.grid = { ...grid, status: [...grid.status] };
    this.place = new Map(grid.task.map((task, at) => [task, at]));
    this.tally = {};
    for (const letter of grid.status) this.tally[letter] = (this.tally[letter] ?? 0) + 1;
    this.dispatchEvent(new Event("grid"));
  }

  async loadWorkers() {
    try {
      const page = await get("/workers", { limit: 1000 });
      this.workers = new Map(page.items.map((worker) => [worker.id, worker]));
      this.dispatchEvent(new Event("workers"));
    } catch (error) { complainUnlessAway(error); }
  }

  /** The name of a worker. */
  name(worker) { return this.workers.get(worker)?.name ?? worker; }

  task(event) {
    const at = this.place.get(Number(event.object_id));
    if (at === undefined) { this.loadGridSoon(); return; }
    const { status, worker } = event.data;
    if (LETTERS[status]) {
      this.tally[this.grid.status[at]] -= 1;
      this.grid.status[at] = LETTERS[status];
      this.tally[LETTERS[status]] = (this.tally[LETTERS[status]] ?? 0) + 1;
    }
    if (worker) {
      let number = this.grid.workers.indexOf(worker);
      if (number < 0) number = this.grid.workers.push(worker) - 1;
      this.grid.worker[at] = number;
    }
    this.tellCells();
    this.soon();
  }

  /** What moves many tasks at once tells of none of them, but of the job's counters: where those differ for a while, look anew. */
  check(counts) {
    const differs = Object.entries(LETTERS).some(([status, letter]) => counts[status] !== (this.tally[letter] ?? 0));
    if (!differs) { clearTimeout(this.doubt); this.doubt = 0; }
    else this.doubt ||= setTimeout(() => { this.doubt = 0; this.loadGridSoon(); }, 400);
  }
  loadGridSoon = steadily(() => this.loadGrid().catch(complainUnlessAway), 800);
}
