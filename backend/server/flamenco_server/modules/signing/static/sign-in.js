// Shows who is asked for, and says yes or no as the person who signed in here. Nothing is kept when the page goes.
(() => {
  const at = (id) => document.getElementById(id);
  const sections = ["who", "code-form", "asked", "invited"].map(at);
  const said = at("said");
  const invitation = new URLSearchParams(location.hash.slice(1)).get("invite") || "";
  let code = new URLSearchParams(location.search).get("code") || "";
  let token = "";
  let ours = false; // the token is a session that this page began, and ends

  function show(section) {
    for (const each of sections) each.hidden = each !== section;
    const first = section && section.querySelector("input, button");
    if (first) first.focus();
  }

  async function call(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
    const text = await answer.text();
    const found = text ? JSON.parse(text) : {};
    if (!answer.ok) throw new Error(found.detail || answer.statusText);
    return found;
  }

  async function leave() {
    if (ours) await call("POST", "sign-out").catch(() => {});
    token = "";
    ours = false;
  }

  async function enter() {
    const given = at("token").value.trim();
    if (given) {
      token = given;
    } else {
      const session = await call("POST", "sign-in", { name: at("name").value, password: at("password").value, program: "the sign-in page" });
      token = session.token;
      ours = true;
    }
    at("password").value = at("token").value = "";
    try {
      at("you").textContent = (await call("GET", "me")).name;
    } catch (error) {
      token = "";
      throw error;
    }
    await (code ? ask() : show(at("code-form")));
  }

  function ago(seconds) {
    const whole = Math.round(seconds);
    return whole < 90 ? `${whole} seconds ago` : `${Math.round(whole / 60)} minutes ago`;
  }

  async function ask() {
    let found;
    try {
      found = await call("GET", `sign-ins/${encodeURIComponent(code)}`);
    } catch (error) {
      show(at("code-form"));
      throw error;
    }
    if (found.state !== "pending") {
      await leave();
      show(null);
      said.textContent = `Somebody decided about this already: it is ${found.state}.`;
      return;
    }
    code = found.user_code;
    at("program").textContent = found.program;
    at("address").textContent = found.address;
    at("age").textContent = ago(found.age_seconds);
    at("shown-code").textContent = found.user_code;
    show(at("asked"));
  }

  async function decide(yes) {
    await call("POST", `sign-ins/${encodeURIComponent(code)}/${yes ? "approve" : "deny"}`);
    await leave();
    show(null);
    said.textContent = yes ? "Done: the program is signed in. You may close this page." : "The program was refused. You may close this page.";
  }

  async function setPassword() {
    if (at("new").value !== at("again").value) throw new Error("The two passwords differ.");
    const session = await call("POST", "invites/accept", { code: invitation, password: at("new").value, program: "the sign-in page" });
    at("new").value = at("again").value = "";
    token = session.token;
    ours = true;
    await leave();
    history.replaceState(null, "", location.pathname);
    show(null);
    said.textContent = `Your password is set, ${session.name}. Sign in with it from now on.`;
  }

  // Runs one thing at a time, and says what went wrong.
  function doing(work) {
    return async (event) => {
      event.preventDefault();
      const buttons = [...document.querySelectorAll("button")];
      for (const each of buttons) each.disabled = true;
      said.textContent = "";
      try {
        await work();
      } catch (error) {
        said.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
      } finally {
        for (const each of buttons) each.disabled = false;
      }
    };
  }

  at("who").addEventListener("submit", doing(enter));
  at("code-form").addEventListener("submit", doing(() => { code = at("code").value; return ask(); }));
  at("approve").addEventListener("click", doing(() => decide(true)));
  at("deny").addEventListener("click", doing(() => decide(false)));
  at("invited").addEventListener("submit", doing(setPassword));
  show(invitation ? at("invited") : at("who"));
})();
