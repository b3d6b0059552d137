// What every page does: the theme button, the farm's name and notice, and navigation by keys.
import { key } from "./keys.js";
import "./notice.js";

const root = document.documentElement;
const button = document.getElementById("theme");
const draw = () => { button.textContent = root.dataset.theme === "dark" ? "☀" : "☾"; };
button?.addEventListener("click", () => root.toggleTheme());
root.addEventListener("themechange", draw);
if (button) draw();
for (const [name, path, title] of [["F", "/", "Farm"], ["J", "/jobs", "Jobs"], ["W", "/workers", "Workers"], ["M", "/managers", "Managers"]]) {
  key(name, `Go to ${title}`, () => location.assign(path));
}
export const main = document.getElementById("main");
export const given = main.dataset;
/** A colour of the theme, for canvases. */
export const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
