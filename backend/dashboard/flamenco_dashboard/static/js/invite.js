// The page of an invitation: its code comes after the # of the link, which no server and no log sees before it is used.
const form = document.getElementById("invite");
const given = new URLSearchParams(location.hash.slice(1));

if (given.get("invite")) form.code.value = given.get("invite");
if (given.get("name")) {
  form.elements.name.value = given.get("name");
  form.elements.name.readOnly = true;
}
form.elements.name.closest("label").hidden = !form.elements.name.value;
document.getElementById("code").hidden = Boolean(form.code.value);
// What stays in the address would stay in the browser's history.
if (location.hash) history.replaceState(null, "", location.pathname);
document.getElementById("show").addEventListener("change", (event) => { form.password.type = event.target.checked ? "text" : "password"; });
form.addEventListener("submit", () => { form.password.type = "password"; });
