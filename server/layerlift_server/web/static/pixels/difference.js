/**
 * How far a picture and its layers put back together are apart, pixel by pixel, at full size.
 *
 * Law: numbers only. The picture comes in strips of 8-bit straight RGBA, top to bottom. Where either is translucent,
 * colours are compared as they would be seen on black (times alpha): what a browser says of the colour of nearly
 * transparent pixels is not exact.
 */

import { toByte } from "./over.js";

export class Difference {
  /** `composite`: a Composite. Differences are kept per cell of `factor` × `factor` pixels: the largest in it. */
  constructor(composite, factor) {
    Object.assign(this, { composite, factor });
    this.width = Math.ceil(composite.width / factor);
    this.height = Math.ceil(composite.height / factor);
    this.cells = new Uint8Array(this.width * this.height);
    this.counts = new Float64Array(256); // pixels by their difference
  }

  /** Rows `top` … of the original: `data` holds `rows` × the composite's width × 4 bytes. */
  strip(data, top, rows) {
    const { width, pixels } = this.composite;
    const byte = pixels instanceof Uint16Array ? toByte : (value) => value;
    for (let y = 0; y < rows; y += 1) {
      const line = Math.floor((top + y) / this.factor) * this.width;
      let at = 4 * (top + y) * width;
      let other = 4 * y * width;
      for (let x = 0; x < width; x += 1, at += 4, other += 4) {
        const apart = between(pixels, at, data, other, byte);
        this.counts[apart] += 1;
        if (apart === 0) continue;
        const cell = line + Math.floor(x / this.factor);
        if (apart > this.cells[cell]) this.cells[cell] = apart;
      }
    }
  }

  /** {max, changed}: the largest difference of any channel (0–255), and the share of pixels that differ at all. */
  summary() {
    const total = this.composite.width * this.composite.height;
    let max = 255;
    while (max > 0 && this.counts[max] === 0) max -= 1;
    return { max, changed: 1 - this.counts[0] / total };
  }

  /** The cells as opaque RGBA, black where nothing differs, `gain` times brighter than the difference. */
  picture(gain) {
    const out = new Uint8ClampedArray(this.cells.length * 4);
    const ramp = Array.from({ length: 256 }, (_, value) => heat(Math.min(1, (value * gain) / 255)));
    for (let cell = 0; cell < this.cells.length; cell += 1) out.set(ramp[this.cells[cell]], 4 * cell);
    return out;
  }
}

function between(ours, at, theirs, other, byte) {
  const alpha = byte(ours[at + 3]);
  const beside = theirs[other + 3];
  let apart = Math.abs(alpha - beside);
  for (let channel = 0; channel < 3; channel += 1) {
    let mine = byte(ours[at + channel]);
    let yours = theirs[other + channel];
    if (alpha !== 255 || beside !== 255) {
      mine = Math.round((mine * alpha) / 255);
      yours = Math.round((yours * beside) / 255);
    }
    const here = Math.abs(mine - yours);
    if (here > apart) apart = here;
  }
  return apart;
}

/** Black → violet → orange → pale yellow for 0 … 1: lightness rises all the way, so it reads without colour, too. */
function heat(value) {
  const stops = [
    [8, 8, 12],
    [92, 40, 150],
    [232, 98, 66],
    [255, 244, 190],
  ];
  const place = value * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(place));
  const [from, to] = [stops[low], stops[low + 1]];
  return [...from.map((colour, channel) => Math.round(colour + (to[channel] - colour) * (place - low))), 255];
}
