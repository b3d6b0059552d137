// Dialogs: a question, a form. The browser's own <dialog> keeps the focus inside and gives it back.
import { h } from "./dom.js";

/** Open a dialog with a title, content and buttons; the value of the button, or null when it was dismissed. */
export function open(title, content, buttons) {
  return new Promise((resolve) => {
    const close = (value) => { dialog.close(); dialog.remove(); resolve(value); };
    const dialog = h("dialog", { "aria-label": title, oncancel: (event) => { event.preventDefault(); close(null); } },
      h("h2", {}, title), content,
      h("div.actions", {}, buttons.map(({ label, value, kind = "", focus }) =>
        h(`button${kind ? `.${kind}` : ""}`, { type: "button", autofocus: focus, onclick: () => close(value) }, label))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask; true if the answer is yes. */
export const ask = async (title, content, yes, { danger = false } = {}) =>
  (await open(title, typeof content === "string" ? h("p", {}, content) : content, [
    { label: "Cancel", value: false },
    { label: yes, value: true, kind: danger ? "danger" : "primary", focus: true },
  ])) === true;

/** Show a form; what `read(form)` makes of it, or null. `read` may throw an error whose message is shown. */
export function form(title, fields, yes, read) {
  return new Promise((resolve) => {
    const problem = h("p.problem", { role: "alert", hidden: true });
    const close = (value) => { dialog.close(); dialog.remove(); resolve(value); };
    const body = h("form.form", {
      onsubmit: async (event) => {
        event.preventDefault();
        try { close(await read(body)); } catch (error) { problem.textContent = error.message; problem.hidden = false; }
      },
    }, fields, problem, h("div.actions", {},
      h("button", { type: "button", onclick: () => close(null) }, "Cancel"), h("button.primary", {}, yes)));
    const dialog = h("dialog", { "aria-label": title, oncancel: (event) => { event.preventDefault(); close(null); } }, h("h2", {}, title), body);
    document.body.append(dialog);
    dialog.showModal();
  });
}
