/** Playing with one layer: recolour, move, show alone. Law: draws and changes sheets; nothing leaves the page. */

import { announce } from "./announce.js";
import { button, el, fill, shown } from "./elements.js";
import { text } from "./strings.js";

export class TryOut {
  constructor(sheets) {
    this.sheets = sheets;
    this.hint = el("p", { class: "small faint" }, text.tryOutHint);
    this.form = el("div", { class: "fields two" });
    this.words = el("div", { class: "says" });
    this.proof = el("p", { class: "proof small", role: "status" });
    this.undo = button(text.reset, () => sheets.reset(), { kind: "small" });
    this.blend = el("p", { class: "small faint" });
    this.build();
    const head = el("div", { class: "card-head" }, el("h2", { id: "try-title" }, text.tryOut), this.solo);
    const body = [this.hint, this.words, this.blend, this.form, this.proof, this.undo];
    this.element = el("section", { class: "card", "aria-labelledby": "try-title" }, head, ...body);
    sheets.on("chosen", () => this.choose());
    sheets.on("changed", () => this.update());
    this.choose();
  }

  build() {
    const { sheets } = this;
    const change = (news) => sheets.chosen && sheets.change(sheets.chosen, news);
    const number = (id, key) =>
      el("input", { id, type: "number", step: 1, value: 0, oninput: (event) => change({ [key]: Math.round(Number(event.target.value)) || 0 }) });
    this.colour = el("input", { id: "try-colour", type: "color", value: "#e8553a", oninput: (event) => change({ tint: event.target.value }) });
    this.own = button(text.recolourOff, () => change({ tint: null }), { kind: "small" });
    this.dx = number("try-dx", "dx");
    this.dy = number("try-dy", "dy");
    this.solo = button(text.solo, () => sheets.solo(sheets.chosen), { kind: "small" });
    const field = (label, input, ...more) => el("div", { class: "field" }, el("label", { for: input.id }, label), el("div", { class: "inline" }, input, ...more));
    const move = el("p", { class: "small faint wide" }, text.moveHint);
    const first = field(text.recolour, this.colour, this.own);
    first.classList.add("wide");
    fill(this.form, first, field(text.across, this.dx), field(text.down, this.dy), move);
  }

  choose() {
    const sheet = this.sheets.chosen;
    shown(this.form, sheet !== null);
    shown(this.hint, sheet === null);
    shown(this.solo, sheet !== null);
    shown(this.blend, sheet !== null && sheet.info.blend_mode !== "normal");
    if (sheet) this.blend.textContent = text.blend(sheet.info.blend_mode);
    const says = sheet?.info.text?.lines.map(({ content }) => content).join("\n");
    shown(this.words, Boolean(says));
    if (says) {
      const copy = () => navigator.clipboard.writeText(says).then(() => announce(text.copied));
      fill(this.words, el("h3", { class: "small faint" }, text.says), el("blockquote", {}, says), button(text.copy, copy, { kind: "small" }));
    }
    this.update();
  }

  update() {
    const { chosen, edited, all } = this.sheets;
    if (chosen) {
      for (const [input, value] of [[this.dx, chosen.dx], [this.dy, chosen.dy]]) if (Number(input.value) !== value) input.value = value;
      if (chosen.tint !== null) this.colour.value = chosen.tint;
      this.own.disabled = chosen.tint === null;
    }
    shown(this.undo, edited.length > 0);
    shown(this.proof, edited.length > 0);
    const others = all.length - edited.length;
    const said = edited.length === 1 ? text.untouched(edited[0].info.name, others) : text.changedMany(edited.length, others);
    if (edited.length > 0 && this.proof.textContent !== said) this.proof.textContent = said;
  }
}
