// Short messages at the corner: what was done, what went wrong, and how to take it back.
import { h } from "./dom.js";

const place = document.getElementById("toasts");
const STAYS = 6000;

/** Show a sentence; `undo`: what takes it back. */
export function toast(text, { tone = "completed", undo, action = "Undo", stays = STAYS } = {}) {
  const shown = h("div.toast", { data: { state: tone } }, h("span.grow", {}, text));
  const end = () => shown.remove();
  if (undo) shown.append(h("button", { type: "button", onclick: () => { end(); undo(); } }, action));
  shown.append(h("button.quiet", { type: "button", "aria-label": "Close", onclick: end }, "×"));
  place.append(shown);
  let timer = setTimeout(end, undo ? stays * 1.6 : stays);
  shown.addEventListener("mouseenter", () => clearTimeout(timer));
  shown.addEventListener("mouseleave", () => { timer = setTimeout(end, stays); });
  return end;
}

/** Show what went wrong. */
export const complain = (error) => { if (error.name !== "AbortError") toast(capital(error.message), { tone: "failed", stays: 12000 }); };

/** The same of what a page fetches by itself: while nobody answers, the banner says so already. */
export const complainUnlessAway = (error) => { if (![0, 502, 503, 504].includes(error.status)) complain(error); };

/** Do something that may go wrong; gives whether it went well. */
export async function attempt(work) {
  try { await work(); return true; } catch (error) { complain(error); return false; }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
