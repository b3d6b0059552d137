// Saved views: what the address says, under a name. They are kept on the server and follow their owner to every browser.
import { me } from "../../core/api.js";
import { h, fill } from "../../core/dom.js";
import { form, open as openDialog } from "../../core/dialog.js";
import { prefer, preference } from "../../core/prefs.js";
import { attempt, complain, toast } from "../../core/toast.js";

const NAME = "views.jobs"; // [[name, query]] in the order in which they were saved
const MOST = 50;
const BUILT_IN = [
  ["All jobs", "?"], ["Active", "?state=queued,processing,paused"], ["Failed", "?state=failed"], ["Mine", `?owner=${encodeURIComponent(me.name)}`],
];

/** The choice of views; `show(query)` is called with the address's query of the one that was chosen. */
export function savedViews(show) {
  let saved = [];
  const select = h("select", { "aria-label": "Saved views", onchange: () => chosen(select.value) });
  const draw = (list) => {
    saved = list;
    fill(select, h("option", { value: "" }, "Views"), options(BUILT_IN),
      saved.length ? h("optgroup", { label: "Mine" }, options(saved)) : "",
      h("option", { value: "save" }, "Save this view…"), saved.length ? h("option", { value: "edit" }, "Rename or delete…") : "");
  };
  const keep = async (change) => draw(await prefer(NAME, [], change));
  function chosen(value) {
    select.value = "";
    if (value === "save") save(keep);
    else if (value === "edit") edit(saved, keep);
    else if (value) show(value);
  }
  draw([]);
  preference(NAME, []).then(draw);
  return select;
}
const options = (list) => list.map(([name, query]) => h("option", { value: query }, name));

function nameOf(input, list) {
  const name = input.value.trim();
  if (!name) throw new Error("A view needs a name.");
  if (list.some(([other]) => other === name)) throw new Error(`There is a view ${name} already.`);
  return name;
}

function save(keep) {
  const input = h("input", { required: true, maxLength: 60, placeholder: "Like: failed of today" });
  form("Save this view", [h("label", {}, "Name", input), h("p.hint", {}, "The filters and the order, for you, in every browser. A view of the same name is replaced.")], "Save", async () => {
    const name = nameOf(input, []);
    await keep((list) => [...list.filter(([other]) => other !== name), [name, location.search || "?"]].slice(-MOST));
    toast(`Saved the view ${name}.`);
  });
}

function edit(saved, keep) {
  const rows = saved.map(([name]) => {
    const input = h("input", { value: name, maxLength: 60, "aria-label": `Name of ${name}` });
    const go = h("button.danger", { type: "button", "aria-label": `Delete ${name}`, onclick: () => attempt(async () => {
      await keep((list) => list.filter(([other]) => other !== name));
      row.remove();
      toast(`Deleted the view ${name}.`);
    }) }, "Delete");
    const rename = async (event) => {
      event.preventDefault();
      try {
        const now = nameOf(input, saved.filter(([other]) => other !== name));
        await keep((list) => list.map(([other, query]) => [other === name ? now : other, query]));
        toast(`Renamed to ${now}.`);
        row.closest("dialog").dispatchEvent(new Event("cancel", { cancelable: true }));
      } catch (error) { complain(error); }
    };
    const row = h("form.row", { onsubmit: rename }, input, h("button", {}, "Rename"), go);
    return row;
  });
  openDialog("Your views", h("div.form", {}, rows), [{ label: "Close", value: true }]);
}
