// Sets light or dark before anything is drawn, so that nothing flashes: the viewer's choice, else the system's.
"use strict";
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try { chosen = localStorage.getItem("theme"); } catch { /* private windows may have none */ }
    root.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : system.matches ? "dark" : "light";
    root.dispatchEvent(new Event("themechange"));
  };
  system.addEventListener("change", apply);
  root.toggleTheme = () => {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", next); } catch { /* it holds for this page then */ }
    root.dataset.theme = next;
    root.dispatchEvent(new Event("themechange"));
  };
  apply();
})();
