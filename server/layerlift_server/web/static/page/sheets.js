/**
 * The opened stack as the page plays with it: which layers are visible, moved, recoloured, chosen. Nothing leaves the page.
 *
 * Law: values and small canvases; draws nothing on screen. A sheet is {info, picture, cells, mask, light, visible, dx, dy,
 * tint}: `picture` the reduced bitmap (null until it is here), `cells` where it lies on the reduced grid, `light` how light.
 */

import { Listeners } from "./listeners.js";

export class Sheets extends Listeners {
  /** `layers`: LayerInfo[], bottom first. */
  constructor(layers, factor) {
    super();
    this.factor = factor;
    this.all = layers.map((info) => ({ info, picture: null, cells: null, mask: null, visible: true, dx: 0, dy: 0, tint: null }));
    this.chosen = null;
    this.hovered = null;
  }

  arrived({ index, bitmap, bounds, mask, light }) {
    const sheet = this.all.find(({ info }) => info.index === index);
    Object.assign(sheet, { picture: bitmap, cells: bounds, mask, light });
    this.tell("arrived", sheet);
    this.tell("changed", sheet);
  }

  choose(sheet) {
    this.chosen = sheet;
    this.tell("chosen", sheet);
  }

  hover(sheet) {
    if (this.hovered === sheet) return;
    this.hovered = sheet;
    this.tell("hovered", sheet);
  }

  change(sheet, news) {
    Object.assign(sheet, news);
    if ("tint" in news) sheet.tinted = news.tint === null || sheet.picture === null ? null : tinted(sheet);
    this.tell("changed", sheet);
  }

  solo(sheet) {
    for (const other of this.all) other.visible = other === sheet;
    this.tell("changed", sheet);
  }

  showAll() {
    for (const sheet of this.all) sheet.visible = true;
    this.tell("changed", null);
  }

  reset() {
    for (const sheet of this.all) Object.assign(sheet, { visible: true, dx: 0, dy: 0, tint: null, tinted: null });
    this.tell("changed", null);
  }

  get edited() {
    return this.all.filter((sheet) => !sheet.visible || sheet.dx !== 0 || sheet.dy !== 0 || sheet.tint !== null);
  }

  /** Whether the sheet has anything at a document point. */
  hit({ mask, cells, dx, dy, visible }, u, v) {
    if (!visible || mask === null) return false;
    const x = Math.floor(((u - dx) / this.factor - cells.x) / mask.step);
    const y = Math.floor(((v - dy) / this.factor - cells.y) / mask.step);
    return x >= 0 && y >= 0 && x < mask.width && y < mask.height && mask.data[y * mask.width + x] > 24;
  }

  close() {
    for (const { picture } of this.all) picture?.close();
  }
}

/** Roles whose shading is kept when they are recoloured: they take hue and saturation; the rest is painted over. */
const SHADED = new Set(["subject", "background"]);

function tinted({ picture, tint, info }) {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  context.globalCompositeOperation = SHADED.has(info.role) ? "color" : "source-in";
  context.fillStyle = tint;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "destination-in"; // the layer's own alpha again
  context.drawImage(picture, 0, 0);
  return canvas;
}
