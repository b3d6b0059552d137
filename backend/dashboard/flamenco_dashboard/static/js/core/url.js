// What a page shows stands in its address, so that a view can be sent to a colleague, kept as a bookmark, and gone back to.

/** The parameters of the address as an object of texts. */
export const view = () => Object.fromEntries(new URLSearchParams(location.search));

/** Change some parameters; empty ones go. */
export function change(given) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(given)) (value === "" || value === null || value === undefined ? query.delete(name) : query.set(name, value));
  const text = query.toString();
  const address = location.pathname + (text ? `?${text.replaceAll("%2C", ",")}` : "") + location.hash;
  if (address !== location.pathname + location.search + location.hash) history.replaceState(null, "", address);
}
