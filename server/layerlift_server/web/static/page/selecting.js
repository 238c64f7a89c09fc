/**
 * A part of the picture, selected on the stage: a rectangle or an outline drawn by hand, in the document's own pixels.
 *
 * Law: corners and how they are drawn; what becomes of the selection is not its business.
 */

import { Listeners } from "./listeners.js";

/** Most bytes of a selection on the wire (wire/limits.py: PARAM), with some to spare. */
const MOST = 2900;
/** Screen pixels between two corners of an outline drawn by hand. */
const STEP = 3;

export class Selecting extends Listeners {
  constructor(stage) {
    super();
    this.stage = stage;
    this.corners = [];
    this.kind = "rectangle";
  }

  /** The pointer draws now (or moves what is there, again). */
  turn(on) {
    this.stage.tool = on ? this : null;
    this.stage.canvas.classList.toggle("selecting", on);
    this.stage.touch();
  }

  begin(u, v) {
    this.from = [u, v];
    this.trail = [[u, v]];
  }

  drag(u, v) {
    if (this.kind === "rectangle") return this.rectangle(...this.from, u, v);
    const [x, y] = this.trail[this.trail.length - 1];
    if (Math.hypot(u - x, v - y) * this.stage.camera.base.scale >= STEP) this.trail.push([u, v]);
    return this.set(this.trail);
  }

  rectangle(a, b, c, d) {
    const [left, right] = [Math.min(a, c), Math.max(a, c)];
    const [top, bottom] = [Math.min(b, d), Math.max(b, d)];
    this.set([[left, top], [right, top], [right, bottom], [left, bottom]]);
  }

  set(corners) {
    const { width, height } = this.stage.extent;
    this.corners = corners.map(([u, v]) => [Math.min(width, Math.max(0, Math.round(u))), Math.min(height, Math.max(0, Math.round(v)))]);
    this.tell("changed", this);
    this.stage.touch();
  }

  clear() {
    this.corners = [];
    this.tell("changed", this);
    this.stage.touch();
  }

  /** {x, y, width, height} around it. */
  get bounds() {
    const [xs, ys] = [this.corners.map(([x]) => x), this.corners.map(([, y]) => y)];
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
  }

  get empty() {
    if (this.corners.length < 3) return true;
    const { width, height } = this.bounds;
    return width === 0 || height === 0;
  }

  /** As the wire has it; fewer corners where they would be too many. */
  read() {
    let corners = this.corners;
    const spelled = () => corners.map(([x, y]) => `${x},${y}`).join(" ");
    while (spelled().length > MOST) corners = corners.filter((_, index) => index % 2 === 0);
    return spelled();
  }

  /** Its outline, light and dark, so that it is seen on everything. */
  draw(context, camera, ink) {
    if (this.corners.length === 0) return;
    context.beginPath();
    this.corners.forEach(([u, v], index) => {
      const [x, y] = camera.point(0, u, v);
      if (index === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
    context.closePath();
    context.fillStyle = ink.accent;
    context.globalAlpha = 0.18;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.strokeStyle = "#fff";
    context.stroke();
    context.setLineDash([6, 5]);
    context.strokeStyle = "#111";
    context.stroke();
    context.setLineDash([]);
  }
}
