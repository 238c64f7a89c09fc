/**
 * Before and after, and what differs. Law: asks the darkroom to measure, the stage to show; keeps the words beside them.
 * Measured is the whole stack as it came, at full size, whatever is played with on the page.
 */

import { chooser } from "./dropping.js";
import { el, fill, shown } from "./elements.js";
import { text } from "./strings.js";
import { problem, trouble } from "./trouble.js";

/** How often brighter a difference is drawn. */
const GAINS = [1, 4, 16, 64, 255];

export class Compare {
  constructor(stage, darkroom, original) {
    Object.assign(this, { stage, darkroom, original, summary: undefined });
    this.gain = 64;
    this.slider = el("input", {
      id: "wipe",
      type: "range",
      min: 0,
      max: 100,
      value: 50,
      "aria-label": text.wipe,
      oninput: (event) => this.wipe(event.target.value / 100),
    });
    this.wiper = el("div", { class: "under-row" }, el("span", {}, text.before), this.slider, el("span", {}, text.after));
    this.figures = el("div", { class: "figures", role: "status" });
    this.gains = el("fieldset", { class: "segments small" }, el("legend", {}, text.gain), ...GAINS.map((gain) => this.choice(gain)));
    this.measured = el("div", { class: "under-row" }, this.figures, this.gains);
    this.asking = el("div", { class: "asking" });
    this.element = el("div", { class: "under" }, this.wiper, this.measured, this.asking);
    this.show("flat");
  }

  choice(gain) {
    const input = el("input", { type: "radio", name: "gain", value: gain, checked: gain === this.gain, onchange: () => this.amplify(gain) });
    return el("label", {}, input, el("span", {}, text.gainBy(gain)));
  }

  wipe(share) {
    this.stage.wipe = share;
    this.slider.value = Math.round(share * 100);
    this.stage.touch();
  }

  /** Show what belongs to a view, and begin to measure when it is first needed. */
  show(view) {
    const compares = view === "compare" || view === "difference";
    const ready = this.summary !== undefined && !this.refused;
    shown(this.wiper, view === "compare" && ready);
    shown(this.measured, view === "difference" && (ready || Boolean(this.original)));
    shown(this.gains, ready && this.summary !== null && this.summary.max > 0);
    shown(this.asking, compares && !ready && !(this.original && !this.refused));
    shown(this.element, compares);
    this.view = view;
    if (!compares || ready) return;
    if (this.original && !this.refused) this.measure(this.original);
    else if (!this.refused) this.ask();
  }

  ask(why = null) {
    const words = why ?? problem(text.needOriginal, text.needOriginalMore);
    const choose = chooser(text.chooseOriginal, ([file]) => this.measure(file), { kind: "", many: false });
    const said = why ? trouble(words) : el("div", {}, el("strong", {}, words.sentence), el("p", { class: "small" }, words.remedy));
    fill(this.asking, said, ...choose);
  }

  async measure(file) {
    if (this.busy) return;
    this.busy = true;
    this.original = file;
    this.refused = false;
    fill(this.figures, text.measuring);
    this.stage.canvas.setAttribute("aria-busy", "true");
    try {
      await this.take(await this.darkroom.compare(file));
    } catch {
      this.refuse(problem(text.undecodable, text.undecodableMore));
    } finally {
      this.busy = false;
      this.stage.canvas.removeAttribute("aria-busy");
      this.show(this.view);
    }
  }

  async take({ before, summary, size }) {
    if (size) return this.refuse(problem(text.otherSize(size), text.otherSizeMore));
    this.stage.before = before;
    this.stage.equal = summary?.max === 0 ? text.exact : null;
    this.summary = summary;
    if (summary) {
      this.say(summary);
      await this.amplify(this.gain);
    } else fill(this.figures, text.scaledOnly(this.darkroom.factor));
    this.onmeasured?.(summary);
    return undefined;
  }

  refuse(why) {
    this.refused = true;
    this.original = null;
    this.ask(why);
  }

  say({ max, changed }) {
    const share = el("span", { class: "small faint" }, max === 0 ? text.exact : text.changed(changed));
    const number = el("strong", { class: max > 1 ? "number" : "number good", id: "max-difference", "data-max": max }, text.maxOf(max));
    fill(this.figures, el("span", { class: "small" }, text.max), number, share);
  }

  async amplify(gain) {
    this.gain = gain;
    const { bitmap } = await this.darkroom.amplify(gain);
    this.stage.difference?.close();
    this.stage.difference = bitmap;
    this.stage.touch();
  }
}
