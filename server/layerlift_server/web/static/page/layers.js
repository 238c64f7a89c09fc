/** The layers panel: top first, as in every editor. Law: draws the sheets; asks them to change. */

import { button, el, fill } from "./elements.js";
import { text } from "./strings.js";

const THUMB = 44;

export class LayersPanel {
  constructor(sheets) {
    this.sheets = sheets;
    this.list = el("ol", { class: "layers", onkeydown: (event) => this.walk(event) });
    this.all = button(text.showAll, () => sheets.showAll(), { kind: "small quiet" });
    const head = el("div", { class: "card-head" }, el("h2", { id: "layers-title" }, text.layersTitle), this.all);
    this.element = el("section", { class: "card panel-layers", "aria-labelledby": "layers-title" }, head, this.list);
    this.rows = new Map();
    this.build();
    sheets.on("arrived", (sheet) => {
      const { thumb } = this.rows.get(sheet);
      thumb.classList.add(sheet.light > 0.72 ? "dark" : "light");
      paint(thumb, sheet);
    });
    for (const kind of ["changed", "chosen", "hovered"]) sheets.on(kind, () => this.update());
    this.update();
  }

  build() {
    let group = "";
    const items = [];
    for (const sheet of [...this.sheets.all].reverse()) {
      const path = text.group(sheet.info.group);
      if (path !== group && path !== "") items.push(el("li", { class: "group" }, path));
      group = path;
      const row = this.row(sheet);
      this.rows.set(sheet, row);
      items.push(row.element);
    }
    fill(this.list, ...items);
  }

  row(sheet) {
    const { info } = sheet;
    const role = text.roles[info.role] ?? info.role;
    const eye = button(null, () => this.sheets.change(sheet, { visible: !sheet.visible }), { kind: "eye", name: text.eye(info.name), picture: "eye" });
    const thumb = el("canvas", { class: "thumb", width: 2 * THUMB, height: 2 * THUMB, "aria-hidden": "true" });
    const words = el("span", { class: "layer-words" }, el("span", { class: "layer-name" }, info.name), el("span", { class: `role ${info.role}` }, role));
    const pick = el(
      "button",
      {
        type: "button",
        class: "pick",
        "aria-label": text.pick(info.name, role, text.place(info.bounds)),
        title: text.place(info.bounds),
        onclick: () => this.sheets.choose(this.sheets.chosen === sheet ? null : sheet),
        onpointerenter: () => this.sheets.hover(sheet),
        onpointerleave: () => this.sheets.hover(null),
      },
      thumb,
      words,
    );
    return { element: el("li", { class: "layer" }, eye, pick), eye, pick, thumb };
  }

  update() {
    const { sheets } = this;
    for (const [sheet, { element, eye, pick }] of this.rows) {
      eye.setAttribute("aria-pressed", String(sheet.visible));
      pick.setAttribute("aria-pressed", String(sheets.chosen === sheet));
      element.classList.toggle("off", !sheet.visible);
      element.classList.toggle("lit", sheets.hovered === sheet);
    }
    this.all.disabled = sheets.all.every(({ visible }) => visible);
  }

  /** Arrow keys go from layer to layer, on the same kind of button. */
  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const kind = ["eye", "pick"].find((name) => document.activeElement.classList.contains(name));
    if (!step || !kind) return;
    const all = [...this.list.querySelectorAll(`.${kind}`)];
    all[all.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  }
}

function paint(canvas, { picture }) {
  const side = 2 * THUMB;
  const scale = Math.min(side / picture.width, side / picture.height);
  const [width, height] = [Math.max(1, picture.width * scale), Math.max(1, picture.height * scale)];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (side - width) / 2, (side - height) / 2, width, height);
}
