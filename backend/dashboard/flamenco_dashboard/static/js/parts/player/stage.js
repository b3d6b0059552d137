// Where the player shows one picture, or two: fitted, zoomed to pixels, moved; beside one another, wiped, or their difference.
import { h, once } from "../../core/dom.js";
import { colour } from "../../core/frame.js";

const LEAST = 0.02, MOST = 64;

/** A stage. `on.hover({x, y, which})` in pixels of the picture (null outside), `on.zoom(zoom)`. */
export function stage(on) {
  const canvas = h("canvas.stage", { tabIndex: 0, role: "img", autofocus: true });
  const context = canvas.getContext("2d");
  let pictures = [null, null]; // {source, width, height}
  let mode = "single"; // single, wipe, side, difference
  let wipe = 0.5;
  let fitted = true, zoom = 1, middleX = 0, middleY = 0; // CSS pixels a pixel of the picture; the picture's point in the middle
  let wide = 1, tall = 1;

  const logical = () => pictures[0] ?? pictures[1] ?? { width: 16, height: 9 };
  const panes = () => (mode === "side" ? [[0, wide / 2 - 1], [wide / 2 + 1, wide / 2 - 1]] : [[0, wide]]);
  const fit = () => {
    const { width, height } = logical();
    const [, across] = panes()[0];
    zoom = Math.min(across / width, tall / height);
    middleX = width / 2;
    middleY = height / 2;
  };
  const draw = once(() => {
    const ratio = devicePixelRatio || 1;
    if (fitted) fit();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colour("sunken");
    context.fillRect(0, 0, wide, tall);
    if (mode === "side") panes().forEach(([left, across], at) => paint(pictures[at], left, left, across));
    else {
      paint(pictures[0], 0, 0, wide);
      if (mode === "wipe" && pictures[1]) { const from = wide * wipe; paint(pictures[1], 0, from, wide - from, true); line(from); }
      if (mode === "difference" && pictures[1]) { context.globalCompositeOperation = "difference"; paint(pictures[1], 0, 0, wide); context.globalCompositeOperation = "source-over"; }
    }
    canvas.dataset.zoom = zoom.toFixed(3);
    on.zoom(zoom, fitted);
  });
  const paint = (picture, paneLeft, from, across, clear = false) => {
    context.save();
    context.beginPath();
    context.rect(from, 0, across, tall);
    context.clip();
    if (clear) { context.fillStyle = colour("sunken"); context.fillRect(from, 0, across, tall); }
    if (picture) {
      const paneWide = mode === "side" ? wide / 2 - 1 : wide;
      const scale = (zoom * logical().width) / picture.width; // the second may have another size: it is laid over the first
      context.imageSmoothingEnabled = (zoom * devicePixelRatio * picture.width) / (picture.source.width || picture.width) < 1 || picture.small;
      context.imageSmoothingQuality = "high";
      context.drawImage(picture.source, paneLeft + paneWide / 2 - middleX * zoom, tall / 2 - middleY * zoom, picture.width * scale, picture.height * scale);
    }
    context.restore();
  };
  const line = (x) => {
    context.fillStyle = colour("accent");
    context.fillRect(x - 1, 0, 2, tall);
    context.beginPath();
    context.arc(x, tall / 2, 9, 0, 7);
    context.fill();
  };
  const resize = () => {
    const ratio = devicePixelRatio || 1;
    wide = canvas.clientWidth || 1;
    tall = canvas.clientHeight || 1;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(tall * ratio);
    draw();
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const pixel = (x, y) => {
    const second = mode === "side" && x > wide / 2;
    const [left, across] = panes()[second ? 1 : 0];
    const which = second || (mode === "wipe" && pictures[1] && x > wide * wipe) ? 1 : 0;
    const at = { x: Math.floor(middleX + (x - left - across / 2) / zoom), y: Math.floor(middleY + (y - tall / 2) / zoom), which };
    const { width, height } = logical();
    return at.x >= 0 && at.y >= 0 && at.x < width && at.y < height ? at : null;
  };
  const zoomTo = (wanted, x = wide / 2, y = tall / 2) => {
    const second = mode === "side" && x > wide / 2;
    const [left, across] = panes()[second ? 1 : 0];
    const next = Math.max(LEAST, Math.min(MOST, wanted));
    const awayX = x - left - across / 2, awayY = y - tall / 2;
    middleX += awayX / zoom - awayX / next;
    middleY += awayY / zoom - awayY / next;
    zoom = next;
    fitted = false;
    draw();
  };

  // ---- pointers ----

  const pointers = new Map();
  let wiping = false, apart = 0;
  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = place(event);
    pointers.set(event.pointerId, [x, y]);
    canvas.setPointerCapture(event.pointerId);
    wiping = mode === "wipe" && Math.abs(x - wide * wipe) < 16;
    if (pointers.size === 2) apart = distance();
  });
  const distance = () => { const [a, b] = [...pointers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    const before = pointers.get(event.pointerId);
    if (before) {
      pointers.set(event.pointerId, [x, y]);
      if (pointers.size === 2) {
        const now = distance(), [a, b] = [...pointers.values()];
        if (apart) zoomTo(zoom * (now / apart), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
        apart = now;
      } else if (wiping) { wipe = Math.max(0, Math.min(1, x / wide)); draw(); }
      else { middleX -= (x - before[0]) / zoom; middleY -= (y - before[1]) / zoom; fitted = false; draw(); }
    }
    canvas.style.cursor = mode === "wipe" && Math.abs(x - wide * wipe) < 16 ? "ew-resize" : before ? "grabbing" : "crosshair";
    on.hover(pixel(x, y));
  });
  const up = (event) => { pointers.delete(event.pointerId); wiping = false; apart = 0; };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => on.hover(null));
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoomTo(zoom * 1.0018 ** -event.deltaY, ...place(event)); }, { passive: false });
  canvas.addEventListener("dblclick", (event) => (fitted ? zoomTo(1, ...place(event)) : api.fit()));
  new ResizeObserver(resize).observe(canvas);

  const api = {
    canvas, draw,
    show: (first, second) => { pictures = [first, second]; draw(); },
    fit: () => { fitted = true; draw(); },
    zoomTo, zoomBy: (factor) => zoomTo(zoom * factor),
    pan: (x, y) => { middleX += x / zoom; middleY += y / zoom; fitted = false; draw(); },
    mode: (now) => { mode = now; draw(); },
    wipeBy: (by) => { wipe = Math.max(0, Math.min(1, wipe + by)); draw(); },
  };
  return api;
}
