// The files that came with the job.
import { all } from "../../core/api.js";
import { h, later, say } from "../../core/dom.js";
import { counted, size } from "../../core/format.js";
import { complain } from "../../core/toast.js";
import { table } from "../table.js";

const MOST = 50000;

export function files(model) {
  const search = h("input.search", { type: "search", placeholder: "Search paths…", "aria-label": "Search files" });
  const facts = h("span.muted.num", { role: "status" }, "loading…");
  const place = h("div.files-table");
  const element = h("section", { "aria-label": "Files" }, h("div.row.gallery-head", {}, search, facts), place);

  const fits = (file) => search.value.trim().toLowerCase().split(/\s+/).every((word) => file.path.toLowerCase().includes(word));
  const columns = [
    { title: "Path", field: "path", minWidth: 220, widthGrow: 4, formatter: (cell) => h("span.mono", { title: cell.getValue() }, cell.getValue()) },
    { title: "Type", field: "ending", width: 100 },
    { title: "Size", field: "size", width: 120, hozAlign: "right", formatter: (cell) => (cell.getData().known ? size(cell.getValue()) : "–") },
    { title: "SHA-256", field: "sha256", width: 150, headerSort: false, formatter: (cell) => h("code", { title: cell.getValue() }, cell.getValue().slice(0, 12)) },
  ];
  const show = async () => {
    try {
      const list = await all(`/jobs/${model.id}/files`, {}, MOST);
      const rows = list.map((file, id) => ({ ...file, id, ending: ending(file.path), known: file.size > 0 || Boolean(file.sha256) }));
      const made = await table(place, { columns, name: "files", label: "Files of the job", sort: [{ column: "path", dir: "asc" }], data: rows, empty: "No file came with this job.", rowHeight: 36 });
      const count = () => {
        const shown = made.getData("active");
        const bytes = shown.reduce((sum, file) => sum + file.size, 0);
        const many = shown.length === rows.length ? counted(rows.length, "file") : `${shown.length.toLocaleString()} of ${counted(rows.length, "file")}`;
        say(facts, `${many}, ${size(bytes)}${model.job.blend ? `. The scene is ${model.job.blend}` : ""}${list.length >= MOST ? ". Only the first are listed." : ""}`);
      };
      made.on("dataFiltered", later(count, 0));
      search.addEventListener("input", later(() => { made.setFilter(fits); count(); }, 100));
      count();
    } catch (error) { complain(error); say(facts, "The files cannot be listed now."); }
  };
  // The table wants to stand in the page when it is built.
  requestAnimationFrame(show);
  return element;
}

const ending = (path) => (path.includes(".") ? `.${path.split(".").at(-1).toLowerCase()}` : "");
