// What a worker or a manager logs of itself, in a card: its last lines stay when it is gone.
import { h } from "../../core/dom.js";
import { log } from "../log.js";

/** `path`: where the API has it; `name`: what people call it; `keeper`: who brings it. */
export function machineLog(path, name, keeper) {
  const file = name.replace(/[^\w.-]+/g, "-");
  return h("section.card.machine-log", { "aria-label": "Log" }, h("h2", {}, "Log"), log({ path, name, file, keeper }).element,
    h("p.hint", {}, `The last lines stay here when it is gone. On its own machine they are in the folder “log” of its data folder.`));
}
