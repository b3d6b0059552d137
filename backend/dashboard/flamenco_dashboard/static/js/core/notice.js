// The farm's name and the notice that its admins set, on every page of everybody, as soon as they change.
import { get } from "./api.js";
import { say } from "./dom.js";
import { on, onReset } from "./live.js";

const NAMES = ["farm_name", "notice"];
const place = document.getElementById("notice");
const brand = document.querySelector(".brand span");

/** Kept for the next page of this tab, so that nothing jumps when it opens. */
function remembered() {
  try { return JSON.parse(sessionStorage.getItem("farm")) ?? {}; } catch { return {}; }
}

function draw({ farm_name: name, notice }) {
  if (name) say(brand, name);
  say(place, notice ?? "");
  place.hidden = !notice;
  document.documentElement.style.setProperty("--notice", `${place.offsetHeight}px`);
}

async function load() {
  try {
    const [name, notice] = await Promise.all(NAMES.map((each) => get(`/settings/${each}`)));
    const found = { farm_name: String(name.value ?? ""), notice: String(notice.value ?? "") };
    draw(found);
    try { sessionStorage.setItem("farm", JSON.stringify(found)); } catch { /* the next page asks again, too */ }
  } catch { /* the banner says that the server is away; it is asked again when it is back */ }
}

if (place) {
  draw(remembered());
  new ResizeObserver(() => document.documentElement.style.setProperty("--notice", `${place.offsetHeight}px`)).observe(place);
  on("setting", (event) => { if (NAMES.includes(event.object_id)) load(); });
  onReset(load);
  load();
}
