// Fetches the API's description with the token that was typed in, and sends that token with every call tried here.
(() => {
  const key = "flamenco-token";
  const form = document.getElementById("token-form");
  const field = document.getElementById("token");
  const said = document.getElementById("said");
  let token = sessionStorage.getItem(key) || "";

  async function show() {
    const answer = await fetch("openapi.json", { headers: { Authorization: `Bearer ${token}` } });
    const body = await answer.json();
    if (!answer.ok) {
      sessionStorage.removeItem(key);
      said.textContent = body.detail;
      return;
    }
    sessionStorage.setItem(key, token);
    said.textContent = "Calls tried here carry your token.";
    SwaggerUIBundle({
      spec: body,
      dom_id: "#swagger-ui",
      deepLinking: true,
      validatorUrl: null,
      docExpansion: "none",
      requestInterceptor: (request) => {
        request.headers.Authorization = `Bearer ${token}`;
        return request;
      },
    });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token = field.value.trim();
    field.value = "";
    show().catch((error) => { said.textContent = `The server does not answer: ${error.message}`; });
  });

  if (token) {
    show().catch(() => {});
  }
})();
