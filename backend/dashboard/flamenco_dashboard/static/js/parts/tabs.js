// Tabs whose choice stands in the address. A tab's content is made when it is first shown.
import { h, fill } from "../core/dom.js";

/** `list`: [name, label, make] each. */
export function tabs(list) {
  const made = new Map();
  const content = h("div", { role: "tabpanel", tabIndex: 0 });
  const buttons = list.map(([name, label]) => h("button", { type: "button", role: "tab", id: `tab-${name}`, onclick: () => show(name, true) }, label));
  const bar = h("div.tabs", { role: "tablist", onkeydown: (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = (buttons.indexOf(document.activeElement) + by + buttons.length) % buttons.length;
    buttons[at].focus();
    buttons[at].click();
  } }, buttons);
  const show = (name, chosen) => {
    const entry = list.find((each) => each[0] === name) ?? list[0];
    if (!made.has(entry[0])) made.set(entry[0], entry[2]());
    for (const [at, button] of buttons.entries()) {
      const is = list[at] === entry;
      button.setAttribute("aria-selected", String(is));
      button.tabIndex = is ? 0 : -1;
      // On a narrow screen the bar scrolls; the page does not.
      if (is) requestAnimationFrame(() => { bar.scrollLeft = Math.max(0, button.offsetLeft - bar.offsetLeft - (bar.clientWidth - button.offsetWidth) / 2); });
    }
    content.setAttribute("aria-labelledby", `tab-${entry[0]}`);
    fill(content, made.get(entry[0]));
    if (chosen) history.replaceState(null, "", `#${entry[0]}`);
  };
  addEventListener("hashchange", () => show(location.hash.slice(1)));
  show(location.hash.slice(1));
  return h("div", {}, bar, content);
}
