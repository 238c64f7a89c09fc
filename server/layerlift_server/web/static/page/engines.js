/** The server's engines, why one cannot run here, and what the server takes. Law: draws what Welcome said. */

import { el, fill } from "./elements.js";
import { text } from "./strings.js";

export class Engines {
  constructor(desk) {
    this.list = el("ul", { class: "engines" }, el("li", { class: "faint" }, text.enginesNone));
    this.takes = el("p", { class: "small faint" });
    this.element = el("section", { class: "card", "aria-labelledby": "engines-title" }, el("h2", { id: "engines-title" }, text.engines), this.list, this.takes);
    desk.on("engines", (engines) => engines.length > 0 && fill(this.list, ...engines.map(row)));
    desk.on("connection", ({ state, welcome }) => {
      if (state === "open") this.takes.textContent = text.takes(welcome.server, welcome.limits);
    });
  }
}

function row({ title, missing, default: usual }) {
  const state = missing === null ? el("span", { class: "badge good" }, text.engineReady) : el("span", { class: "badge" }, text.engineMissing);
  return el(
    "li",
    { class: "engine" },
    el("div", { class: "engine-name" }, el("h3", {}, title), usual ? el("span", { class: "badge accent" }, text.usual) : null, state),
    missing === null ? null : el("p", { class: "small faint" }, missing),
  );
}
