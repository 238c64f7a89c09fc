/** A new picture from words. Law: a form; asks the desk, and only where an engine can. */

import { el, shown } from "./elements.js";
import { choice, drawing, engine, form, number, said, tick, words } from "./forms.js";
import { text } from "./strings.js";

/** Sizes that are offered at once, [width, height]. */
const SIZES = { square: [1024, 1024], landscape: [1216, 832], portrait: [832, 1216] };

export class Making {
  constructor(desk, go) {
    this.prompt = words("make-prompt", text.makeWords, { hint: text.makeExample, long: true, needed: true });
    this.size = choice("make-size", text.makeSize, [...Object.keys(SIZES).map((name) => [name, text.sizes[name](...SIZES[name])]), ["own", text.sizes.own]]);
    this.size.element.classList.add("wide");
    const limit = 100000;
    this.numbers = [number("make-width", text.width, { min: 1, max: limit, value: 1024 }), number("make-height", text.height, { min: 1, max: limit, value: 1024 })];
    this.layers = tick("make-layers", text.makeLayers);
    this.engine = engine("make-engine", "generate");
    this.drawing = drawing("make");
    this.size.input.addEventListener("change", () => this.sized());
    const parts = [this.prompt, this.size, ...this.numbers, this.engine, this.layers, this.drawing].map(({ element }) => element);
    const body = form(text.makeDraw, () => go(`#/job/${this.send(desk)}`), ...parts);
    this.element = el("details", { class: "unfold" }, el("summary", {}, text.make), body);
    desk.on("engines", (engines) => this.offer(engines));
    this.sized();
    this.offer(desk.engines);
  }

  offer(engines) {
    shown(this.element, this.engine.offer(engines).length > 0);
  }

  sized() {
    for (const { element } of this.numbers) shown(element, this.size.read() === "own");
  }

  send(desk) {
    const [width, height] = SIZES[this.size.read()] ?? this.numbers.map((one) => one.read());
    const prompt = this.prompt.read();
    const params = said({ prompt, width, height, layers: this.layers.read() ? 0 : null, ...this.drawing.read() });
    return desk.order("generate", params, this.engine.read(), prompt);
  }
}
