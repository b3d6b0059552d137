import { h } from "../../core/dom.js";

export function files() {
  return h("section");
}
