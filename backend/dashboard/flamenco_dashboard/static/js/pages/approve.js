// A program, such as Blender, wants to sign in as whoever sits here: who asks, and yes or no.
import { get, me, post } from "../core/api.js";
import { h, fill } from "../core/dom.js";
import { duration } from "../core/format.js";
import { given, main } from "../core/frame.js";
import { listen } from "../core/live.js";

const place = h("div.card.approve");
fill(main, h("div.head", {}, h("h1", {}, "Sign in a program")), place);

function askCode(problem = "") {
  const input = h("input.code", { name: "code", autocomplete: "off", required: true, maxLength: 12, placeholder: "KXTW-RZPQ", value: given.code ?? "" });
  fill(place, problem && h("p.problem", { role: "alert" }, problem.charAt(0).toUpperCase() + problem.slice(1)),
    h("form.form", { onsubmit: (event) => { event.preventDefault(); show(input.value.trim().toUpperCase()); } },
      h("label", {}, "The code that the program shows", input), h("div", {}, h("button.primary", {}, "Go on"))));
  input.focus();
}

async function show(code) {
  try {
    const asked = await get(`/sign-ins/${encodeURIComponent(code)}`);
    if (asked.state !== "pending") return askCode(`This code is ${asked.state} already.`);
    const decide = async (word, sentence) => {
      try { await post(`/sign-ins/${encodeURIComponent(code)}/${word}`); done(sentence); } catch (error) { askCode(error.message); }
    };
    fill(place, h("p", {}, h("strong", {}, asked.program), ` at ${asked.address} asks to sign in as `, h("strong", {}, me.name), "."),
      h("p.code", {}, asked.user_code),
      h("p.hint", {}, `It asked ${duration(asked.age_seconds)} ago. Say yes only if you started this yourself and it shows the same code: it may then do all that you may.`),
      h("div.row", {}, h("button.primary", { type: "button", onclick: () => decide("approve", `${asked.program} is signed in. You can close this page.`) }, "Yes, sign it in"),
        h("button.danger", { type: "button", onclick: () => decide("deny", "It was refused.") }, "No")));
  } catch (error) { askCode(error.message); }
}
const done = (sentence) => fill(place, h("p", { role: "status" }, sentence), h("p", {}, h("a", { href: "/settings/tokens" }, "The tokens of your programs")));

if (given.code) await show(given.code.toUpperCase());
else askCode();
listen();
