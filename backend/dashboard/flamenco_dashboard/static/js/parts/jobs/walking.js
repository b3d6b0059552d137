// Walking and selecting rows, by keys and by the mouse with shift and ctrl, as in a file browser.

/** For a table of Tabulator: `current()` is the id of the row that the keys stand on, or null. */
export function walking(table) {
  let current = null;
  let anchor = null;
  const rows = () => table.getRows("active");
  const at = (id) => rows().findIndex((row) => row.getIndex() === id);

  function move(row) {
    const before = current !== null && table.getRow(current);
    if (before) before.getElement().classList.remove("current");
    current = row.getIndex();
    table.scrollToRow(row, "nearest", false).catch(() => {}).then(() => row.getElement().classList.add("current"));
  }
  function step(by) {
    const all = rows();
    if (all.length) move(all[Math.max(0, Math.min(all.length - 1, at(current) + by))]);
  }
  function clicked(event, row) {
    if (event.target.closest("a,button,input")) return;
    const more = event.ctrlKey || event.metaKey;
    if (event.shiftKey && anchor !== null) {
      getSelection().removeAllRanges(); // the browser takes it for a selection of text, too
      const [from, to] = [at(anchor), rows().indexOf(row)].sort((a, b) => a - b);
      if (!more) table.deselectRow();
      table.selectRow(rows().slice(Math.max(0, from), to + 1));
    } else {
      if (more) row.toggleSelect();
      else { table.deselectRow(); row.select(); }
      anchor = row.getIndex();
    }
    move(row);
  }
  return { step, clicked, current: () => (table.getRow(current) ? current : null), toggle: () => { if (table.getRow(current)) { table.getRow(current).toggleSelect(); anchor = current; } } };
}
