import { h } from "../../core/dom.js";

export function outputs() {
  return h("section");
}
