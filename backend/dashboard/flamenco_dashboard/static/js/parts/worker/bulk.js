// Many workers as one: what they are called together, and one order for all.
import { post } from "../../core/api.js";
import { counted } from "../../core/format.js";

const MOST = 1000; // in one call

/** These workers, as a sentence names them. */
export const named = (workers) => (workers.length === 1 ? workers[0].name : counted(workers.length, "worker"));

/** Order this of each of these workers; the ids for which it was done, and for which not: {done, refused: [{id, detail}]}. */
export async function orderAll(workers, order) {
  const outcome = { done: [], refused: [] };
  for (let at = 0; at < workers.length; at += MOST) {
    const part = await post("/bulk/workers", { ids: workers.slice(at, at + MOST).map((worker) => worker.id), order });
    outcome.done.push(...part.done);
    outcome.refused.push(...part.refused);
  }
  return outcome;
}
