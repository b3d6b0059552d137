import { h, fill } from "../core/dom.js";
import { main } from "../core/frame.js";
import { listen } from "../core/live.js";

fill(main, h("div.head", {}, h("h1", {}, document.title.split(" · ")[0])));
listen();
