/**
 * The picture on the page: flat, exploded, before/after, or the difference, on one canvas.
 *
 * Law: draws sheets through a camera, once per frame and only when something changed; gestures are `gestures.js`, what is
 * visible is `sheets.js`.
 */

import { Camera, EXPLODED, FLAT } from "./camera.js";
import { drawBoard, drawLabels, drawHalo, drawPane, drawShadow, drawSheet, inks } from "./drawing.js";
import { calm, el } from "./elements.js";

/** Milliseconds that the layers take to fly apart. */
const FLIGHT = 900;
/** Below this width of the stage there is no room for names beside the layers. */
const ROOM_FOR_LABELS = 640;
const LABELS = 200;
const MARGIN = 28;

export class Stage {
  constructor(sheets, extent) {
    this.sheets = sheets;
    this.extent = extent;
    this.camera = new Camera(extent.width, extent.height, sheets.all.length);
    this.canvas = el("canvas", { class: "stage", tabindex: "0", role: "img" });
    this.context = this.canvas.getContext("2d");
    this.view = "flat";
    this.wipe = 0.5;
    this.before = null;
    this.difference = null;
    this.tool = null; // what the pointer does on the flat picture: {begin, drag, draw}; null: it moves layers
    this.colours = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => {
      this.ink = null;
      this.touch();
    };
    this.colours.addEventListener("change", this.recolour);
    this.observer = new ResizeObserver(() => this.touch());
    this.observer.observe(this.canvas);
    for (const kind of ["changed", "chosen", "hovered"]) sheets.on(kind, () => this.touch());
  }

  close() {
    this.observer.disconnect();
    this.colours.removeEventListener("change", this.recolour);
    cancelAnimationFrame(this.frame);
    this.closed = true;
    this.before?.close();
    this.difference?.close();
  }

  /** Show it another way; the camera flies there. */
  show(view) {
    this.view = view;
    this.camera.fit();
    this.fly(view === "exploded" ? EXPLODED : FLAT);
  }

  /** Move the camera to {turn, tilt, spread}, or jump there where movement is not wanted. */
  fly(to) {
    const { turn, tilt, spread } = this.camera;
    const from = { turn, tilt, spread };
    this.flight = calm() ? null : { from, to, began: performance.now() };
    if (this.flight === null) Object.assign(this.camera, to);
    this.moved?.();
    this.touch();
  }

  /** Stop flying: the person took over. */
  take() {
    this.flight = null;
  }

  touch() {
    if (this.closed || this.frame) return;
    this.frame = requestAnimationFrame((now) => {
      this.frame = null;
      if (this.flight) this.step(now);
      this.draw();
    });
  }

  step(now) {
    const { from, to, began } = this.flight;
    const time = Math.min(1, Math.max(0, (now - began) / FLIGHT));
    const eased = 1 - (1 - time) ** 4;
    for (const key of Object.keys(to)) this.camera[key] = from[key] + (to[key] - from[key]) * eased;
    if (time === 1) this.flight = null;
    this.moved?.();
    this.touch();
  }

  draw() {
    const { canvas, context, camera } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.ink ??= inks(canvas);
    this.ratio = ratio;
    context.viewHeight = height;
    const named = width >= ROOM_FOR_LABELS ? LABELS * camera.spread : 0;
    this.box = { x: MARGIN, y: MARGIN, width: width - 2 * MARGIN - named, height: height - 2 * MARGIN };
    camera.frame(this.box);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = camera.base.scale * ratio * this.sheets.factor < 4; // big pixels are shown as such
    context.imageSmoothingQuality = "high";
    this.screen();
    if (camera.spread > 0.001 || camera.tilt > 0.01) this.drawExploded(named);
    else this.drawFlat();
  }

  screen() {
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
  }

  level(level) {
    const [a, b, c, d, e, f] = this.camera.at(level).map((value) => value * this.ratio);
    this.context.setTransform(a, b, c, d, e, f);
  }

  drawFlat() {
    const { context, camera, sheets, extent } = this;
    const [[left, top], , [right, bottom]] = camera.corners(0);
    drawBoard(context, [left, top, right, bottom], this.ink);
    this.clipped([left, top, right, bottom], () => {
      this.level(0);
      if (this.view === "difference" && this.difference) {
        context.drawImage(this.difference, 0, 0, this.difference.width * sheets.factor, this.difference.height * sheets.factor);
      } else {
        for (const sheet of sheets.all) if (sheet.visible) drawSheet(context, sheet, sheets.factor);
      }
    });
    if (this.view === "difference" && this.equal) this.say(this.equal, (left + right) / 2, (top + bottom) / 2);
    if (this.view === "compare" && this.before) {
      const line = left + (right - left) * this.wipe;
      this.clipped([left, top, line, bottom], () => {
        this.level(0);
        context.drawImage(this.before, 0, 0, extent.width, extent.height);
      });
      this.drawWipe(line, top, bottom);
    }
    if (this.view === "flat" && sheets.chosen) this.outline(sheets.chosen, 0);
    if (this.view === "flat") this.tool?.draw(context, camera, this.ink);
  }

  /** Words on the difference, which is black all over. */
  say(words, x, y) {
    const { context, ink } = this;
    context.textAlign = "center";
    context.fillStyle = "#c9cbd2";
    context.font = `500 17px ${ink.font}`;
    context.fillText(words, x, y);
    context.textAlign = "start";
  }

  clipped([left, top, right, bottom], draw) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    draw();
    context.restore();
    this.screen();
  }

  drawWipe(x, top, bottom) {
    const { context, ink } = this;
    const middle = (top + bottom) / 2;
    context.fillStyle = "#fff";
    context.strokeStyle = "#0009";
    context.lineWidth = 1;
    context.fillRect(x - 1, top, 2, bottom - top);
    context.beginPath();
    context.arc(x, middle, 15, 0, 7);
    context.fill();
    context.stroke();
    context.strokeStyle = "#222";
    context.lineWidth = 1.75;
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(x + side * 4, middle - 4);
      context.lineTo(x + side * 8, middle);
      context.lineTo(x + side * 4, middle + 4);
    }
    context.stroke();
    context.strokeStyle = ink.accent;
  }

  outline(sheet, level) {
    const { context, camera, ink } = this;
    const { bounds } = sheet.info;
    const [x, y] = [bounds.x + sheet.dx, bounds.y + sheet.dy];
    const corners = [[x, y], [x + bounds.width, y], [x + bounds.width, y + bounds.height], [x, y + bounds.height]];
    context.setLineDash([5, 4]);
    drawPane(context, corners.map(([u, v]) => camera.point(level, u, v)), ink, { bright: true, glass: 0 });
    context.setLineDash([]);
  }

  drawExploded(named) {
    const { context, camera, sheets, ink } = this;
    const lit = sheets.hovered ?? sheets.chosen;
    const open = Math.min(1, camera.spread);
    const thin = { glass: Math.min(1, 6 / camera.levels), edge: Math.min(1, 14 / camera.levels) };
    sheets.all.forEach((sheet, level) => {
      if (level > 0 && sheet.visible) {
        this.level(level - 1 + 0.3);
        drawShadow(context, sheet, sheets.factor, Number(ink.shade) * open);
      }
      this.screen();
      drawPane(context, camera.corners(level), ink, { bright: lit === sheet, ...thin });
      if (!sheet.visible) return;
      this.level(level);
      if (level > 0) drawHalo(context, sheet, sheets.factor, Number(ink.halo) * open);
      drawSheet(context, sheet, sheets.factor);
    });
    this.screen();
    if (lit) this.outline(lit, sheets.all.indexOf(lit));
    if (named > 0 && open > 0.3) this.label(named, open, lit);
  }

  label(named, open, lit) {
    const { camera, sheets, canvas, context, ink } = this;
    const marks = sheets.all.map((sheet, level) => {
      const [x, y] = camera.corners(level).reduce((best, corner) => (corner[0] > best[0] ? corner : best));
      return { sheet, x, y };
    });
    const left = canvas.clientWidth - LABELS + 8;
    drawLabels(context, marks.reverse(), left, LABELS - 24, ink, (open - 0.3) / 0.7, lit);
  }

  /** The topmost visible sheet at a point of the canvas, or null. */
  under(x, y) {
    const { camera, sheets } = this;
    for (let level = sheets.all.length - 1; level >= 0; level -= 1) {
      const [u, v] = camera.from(level, x, y);
      if (sheets.hit(sheets.all[level], u, v)) return sheets.all[level];
    }
    return null;
  }
}
