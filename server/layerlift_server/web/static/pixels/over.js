/**
 * Layers put back together: "over" on straight RGBA integers, rounded after every layer as Krita and GIMP's 8-bit and
 * Photoshop's do (T. Porter, T. Duff, "Compositing Digital Images", SIGGRAPH 1984; half goes to the even number).
 *
 * Law: numbers only. `Uint8Array` holds 8-bit pixels, `Uint16Array` 16-bit ones; four per pixel, row by row.
 */

/** A picture that grows layer by layer, bottom first. `pixels` is straight RGBA, colour 0 where alpha is 0. */
export class Composite {
  constructor(width, height, depth) {
    Object.assign(this, { width, height, depth });
    this.pixels = depth === 16 ? new Uint16Array(width * height * 4) : new Uint8Array(width * height * 4);
  }

  /** Lay `pixels` (covering exactly `bounds`, which may hang over the edge) on top; `opacity` 0–1 is one byte. */
  lay(pixels, bounds, opacity = 1) {
    const left = Math.max(0, bounds.x);
    const right = Math.min(this.width, bounds.x + bounds.width);
    const top = Math.max(0, bounds.y);
    const bottom = Math.min(this.height, bounds.y + bounds.height);
    const strength = Math.round(opacity * 255) / 255;
    if (right <= left || strength === 0) return;
    for (let y = top; y < bottom; y += 1) {
      const from = 4 * ((y - bounds.y) * bounds.width + left - bounds.x);
      row(this.pixels, 4 * (y * this.width + left), pixels, from, right - left, strength);
    }
  }
}

function row(under, at, above, from, count, strength) {
  const full = under instanceof Uint16Array ? 65535 : 255;
  for (let left = count, i = at, j = from; left > 0; left -= 1, i += 4, j += 4) {
    const alpha = above[j + 3] * strength;
    if (alpha === 0) continue;
    if (alpha === full) {
      under[i] = above[j];
      under[i + 1] = above[j + 1];
      under[i + 2] = above[j + 2];
      under[i + 3] = full;
    } else {
      pixel(under, i, above, j, alpha, full);
    }
  }
}

function pixel(under, i, above, j, alpha, full) {
  const below = under[i + 3];
  const sum = below === full ? full : below + ((full - below) * alpha) / full;
  const share = alpha / sum;
  for (let channel = 0; channel < 3; channel += 1) {
    const old = under[i + channel];
    under[i + channel] = even(old + (above[j + channel] - old) * share);
  }
  under[i + 3] = even(sum);
}

/** The nearest whole number, half to even; values are never negative. */
export function even(value) {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest === 0.5) return low + (low & 1);
  return rest > 0.5 ? low + 1 : low;
}

/** 16 bits as 8, rounded. */
export function toByte(word) {
  return (word * 255 + 32895) >> 16;
}
