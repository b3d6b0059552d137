// What somebody likes, kept on the server under their name, so that it follows them to another browser.
import { get, put } from "./api.js";

const PREFIX = "dashboard.";
const fetched = async () => new Map((await get("/me/settings")).items.map(({ name, value }) => [name, value]));
let known = fetched(); // at once: a table waits for it
known.catch(() => {});

/** What is kept under a name; `usual` if nothing is, or the server does not say. */
export async function preference(name, usual) {
  try { return (await (known ??= fetched())).get(PREFIX + name) ?? usual; } catch { known = null; return usual; }
}

/** Keep what `change` makes of what is kept now, perhaps by another window; null takes it away. Gives what is kept then. */
export async function prefer(name, usual, change) {
  known = fetched();
  const value = change((await known).get(PREFIX + name) ?? usual);
  await put(`/me/settings/${PREFIX}${name}`, { value });
  (await known).set(PREFIX + name, value);
  return value;
}
