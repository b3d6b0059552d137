// Elements without HTML: text is always text, so nothing that the farm says can become markup.

/** Make an element: `h("a.button", {href: "/x", onclick: f}, "text", child)`. Null children are left out. */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
  else if (name === "class") element.className += ` ${value}`;
  else if (name in element && !["list", "form", "type"].includes(name)) element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** Put these children, and nothing else, into an element. What has the focus in it keeps it, if it is drawn again. */
export function fill(element, ...children) {
  const active = document.activeElement;
  const held = active && active !== element && element.contains(active) ? known(active) : "";
  element.replaceChildren(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  if (held) [...element.querySelectorAll(active.tagName)].find((each) => known(each) === held)?.focus({ preventScroll: true });
  return element;
}
const known = (element) => `${element.tagName} ${element.getAttribute("href") ?? ""} ${element.getAttribute("aria-label") ?? element.textContent}`;

/** Write a text only where it changed, so that screen readers and selections are left alone. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Call `work` at most once a frame, however often the result is called. */
export function once(work) {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => { planned = false; work(); });
  };
}

/** Call `work` `wait` ms after the last call. */
export function later(work, wait) {
  let timer = 0;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => work(...given), wait); };
}

/**
 * Call `work` soon, and then at most once in `wait` ms however often the result is called: for what events ask for, which may
 * come without a pause. Slow work gets more time in between.
 */
export function steadily(work, wait) {
  let planned = false, running = false, again = false, free = 0;
  const ask = () => {
    if (running) { again = true; return; }
    if (planned) return;
    planned = true;
    setTimeout(go, Math.max(wait / 4, free - performance.now()));
  };
  const go = async () => {
    const began = performance.now();
    [planned, running] = [false, true];
    try { await work(); } finally {
      const now = performance.now();
      free = now + Math.max(wait, Math.min(5000, 4 * (now - began)));
      running = false;
      if (again) { again = false; ask(); }
    }
  };
  return ask;
}
