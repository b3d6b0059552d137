import { h } from "../../core/dom.js";

export function settings() {
  return h("section");
}
