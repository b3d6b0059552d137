// Keyboard shortcuts of a page, and the list of them behind "?".
import { h } from "./dom.js";
import { open } from "./dialog.js";

const keys = new Map();

/** Have a key do something, unless somebody types. `key` as in KeyboardEvent.key, with "shift+" or "ctrl+" before it. */
export function key(name, help, work) { keys.set(name, { help, work }); }

function typing(target) {
  return target.isContentEditable || target.matches('textarea,select,input:not([type="checkbox"])') || target.closest("dialog");
}
/** Whether the key presses what has the focus: no shortcut takes that away. */
const presses = ({ key: pressed, target }) => ["Enter", " "].includes(pressed) && target.closest("a,button,summary,input,[role=tab]");

addEventListener("keydown", (event) => {
  if (typing(event.target) || presses(event) || event.metaKey || event.altKey) return;
  const name = `${event.ctrlKey ? "ctrl+" : ""}${event.shiftKey && event.key.length > 1 ? "shift+" : ""}${event.key}`;
  const found = keys.get(name);
  if (!found) return;
  event.preventDefault();
  found.work(event);
});

export const help = () => open("Keyboard shortcuts",
  h("table.plain", {}, [...keys].filter(([, { help: text }]) => text).map(([name, { help: text }]) =>
    h("tr", {}, h("td", {}, h("kbd", {}, name === " " ? "space" : name)), h("td", {}, text)))),
  [{ label: "Close", value: true, kind: "primary", focus: true }]);
key("?", "Show this list", help);
document.getElementById("help")?.addEventListener("click", help);
