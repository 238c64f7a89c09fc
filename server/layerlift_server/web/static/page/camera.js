/**
 * From the document to the screen: an orthographic camera above a stack of sheets, the bottom one at level 0.
 *
 * Law: numbers only. Without tilt, turn and spread it is the flat view. Angles in degrees, `at` gives a canvas matrix, so
 * every sheet is drawn by one affine drawImage and stays sharp.
 */

export const FLAT = { turn: 0, tilt: 0, spread: 0 };
export const EXPLODED = { turn: -32, tilt: 54, spread: 1 };
/** How far the tilt goes: beyond it sheets become lines. */
export const STEEPEST = 78;
/** Distance of two sheets, and of the outermost two, as parts of the document's diagonal. */
const GAP = 0.15;
const TALLEST = 0.85;

const radians = (degrees) => (degrees * Math.PI) / 180;

export class Camera {
  constructor(width, height, levels) {
    Object.assign(this, { width, height, levels, ...FLAT, zoom: 1, panX: 0, panY: 0 });
    const diagonal = Math.hypot(width, height);
    this.gap = levels > 1 ? Math.min(GAP * diagonal, (TALLEST * diagonal) / (levels - 1)) : 0;
  }

  /** Fit everything into a box {x, y, width, height} of the screen; afterwards `at` and `from` work. */
  frame(box) {
    const corners = [0, this.levels - 1].flatMap((level) => this.corners(level, { scale: 1, x: 0, y: 0 }));
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    this.fitted = Math.min(box.width / (right - left), box.height / (bottom - top));
    const scale = this.fitted * this.zoom;
    this.base = {
      scale,
      x: box.x + box.width / 2 + this.panX - (scale * (left + right)) / 2,
      y: box.y + box.height / 2 + this.panY - (scale * (top + bottom)) / 2,
    };
  }

  /** The matrix (a, b, c, d, e, f of setTransform) that puts document pixels of a level on the screen. */
  at(level, base = this.base) {
    const [sin, cos] = [Math.sin(radians(this.turn)), Math.cos(radians(this.turn))];
    const [lean, lift] = [Math.cos(radians(this.tilt)), Math.sin(radians(this.tilt))];
    const { scale } = base;
    const [a, b, c, d] = [scale * cos, scale * sin * lean, -scale * sin, scale * cos * lean];
    const [cx, cy] = [this.width / 2, this.height / 2];
    return [a, b, c, d, base.x - a * cx - c * cy, base.y - b * cx - d * cy - scale * level * this.gap * this.spread * lift];
  }

  /** A document point of a level on the screen. */
  point(level, u, v, base = this.base) {
    const [a, b, c, d, e, f] = this.at(level, base);
    return [a * u + c * v + e, b * u + d * v + f];
  }

  corners(level, base = this.base) {
    const { width, height } = this;
    return [[0, 0], [width, 0], [width, height], [0, height]].map(([u, v]) => this.point(level, u, v, base));
  }

  /** The document point of a level under a screen point. */
  from(level, x, y) {
    const [a, b, c, d, e, f] = this.at(level);
    const determinant = a * d - b * c;
    return [(d * (x - e) - c * (y - f)) / determinant, (a * (y - f) - b * (x - e)) / determinant];
  }

  turnBy(turn, tilt) {
    this.turn = ((((this.turn + turn + 180) % 360) + 360) % 360) - 180;
    this.tilt = Math.min(STEEPEST, Math.max(0, this.tilt + tilt));
  }

  /** Nearer or further, keeping the screen point x, y (from the middle of the box) where it is. */
  zoomBy(factor, x = 0, y = 0) {
    const zoom = Math.min(40, Math.max(0.25, this.zoom * factor));
    const ratio = zoom / this.zoom;
    this.panX = x - (x - this.panX) * ratio;
    this.panY = y - (y - this.panY) * ratio;
    this.zoom = zoom;
  }

  fit() {
    Object.assign(this, { zoom: 1, panX: 0, panY: 0 });
  }
}
