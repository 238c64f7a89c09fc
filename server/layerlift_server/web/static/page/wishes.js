/** How the next picture should be taken apart: engine, number of layers, what, text, care at edges. Law: a form; knows no job. */

import { el, fill } from "./elements.js";
import { edges, said } from "./forms.js";
import { text } from "./strings.js";

/** Most bytes of the text of one wish (wire/limits.py: PARAM, in characters of up to 4 bytes). */
const LONGEST = 700;

export class Wishes {
  constructor() {
    this.engine = el("select", { id: "wish-engine", onchange: () => this.bound() });
    this.layers = el("select", { id: "wish-layers" });
    this.what = el("input", { id: "wish-what", type: "text", maxlength: LONGEST, placeholder: text.whatHint, autocomplete: "off" });
    this.grouping = el("select", { id: "wish-text" }, el("option", { value: "block" }, text.textBlock), el("option", { value: "line" }, text.textLine));
    this.edges = edges("wish-edges");
    const rows = [[text.engine, this.engine], [text.layersWanted, this.layers], [text.textAs, this.grouping], [text.what, this.what]];
    const fields = rows.map(([label, field]) => el("div", { class: "field" }, el("label", { for: field.id }, label), field));
    this.element = el("details", { class: "unfold wishes" }, el("summary", {}, text.options), el("div", { class: "fields" }, ...fields, this.edges.element));
    this.offers = [];
  }

  /** The server's engines; those that cannot run are shown elsewhere, with the reason. */
  offer(engines) {
    const names = (offers) => offers.map(({ name }) => name).join();
    const able = engines.filter(({ missing, operations }) => missing === null && operations.includes("decompose"));
    if (names(able) === names(this.offers)) return;
    this.offers = able;
    const last = this.engine.value;
    const options = able.map((offer) => el("option", { value: offer.name }, offer.title));
    fill(this.engine, ...options);
    this.engine.value = able.some(({ name }) => name === last) ? last : (able.find((offer) => offer.default) ?? able[0])?.name;
    this.bound();
  }

  /** As many layers as the chosen engine makes. */
  bound() {
    const offer = this.offers[this.engine.selectedIndex];
    const most = Array.from({ length: Math.max(0, (offer?.max_layers ?? 1) - 1) }, (_, index) => index + 2);
    const last = this.layers.value;
    fill(this.layers, el("option", { value: "" }, text.layersAny), ...most.map((count) => el("option", { value: count }, text.layersMost(count))));
    this.layers.value = [...this.layers.options].some(({ value }) => value === last) ? last : "";
  }

  /** What to submit: {engine, params}. Nothing is said of what was left as it is. */
  read() {
    const params = {};
    if (this.layers.value !== "") params.layers = Number(this.layers.value);
    if (this.what.value.trim() !== "") params.what = this.what.value.trim();
    if (this.grouping.value !== "block") params.text = this.grouping.value;
    const usual = this.offers.find((offer) => offer.default)?.name;
    return { engine: [usual, ""].includes(this.engine.value) ? null : this.engine.value, params: said({ ...params, edges: this.edges.read() }) };
  }
}
