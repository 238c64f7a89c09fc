/**
 * Layers made small enough to show: the mean of `factor` × `factor` document pixels, weighted by alpha.
 *
 * Law: numbers only. Cells lie on the document's own grid, so that reduced layers still fit each other.
 */

import { toByte } from "./over.js";

/** Most pixels of a document as it is shown: 6 million fill a 4K screen beside a panel. */
export const SHOWN_PIXELS = 6_000_000;
/** Most bytes of all shown layers together, so that a browser on a small laptop keeps them on its graphics card. */
export const SHOWN_BYTES = 256 * 1024 * 1024;

/** By how much the document must be reduced, at least, so that it and all its layers' `bounds` fit both limits. */
export function factorFor(width, height, bounds) {
  const area = bounds.reduce((sum, { width: w, height: h }) => sum + w * h, 0);
  const needed = Math.max((width * height) / SHOWN_PIXELS, (4 * area) / SHOWN_BYTES, 1);
  return Math.ceil(Math.sqrt(needed) - 1e-9);
}

/** Where `bounds` lie on the reduced grid: whole cells, those at the edge partly filled. */
export function cellsOf(bounds, factor) {
  const x = Math.floor(bounds.x / factor);
  const y = Math.floor(bounds.y / factor);
  return {
    x,
    y,
    width: Math.max(1, Math.ceil((bounds.x + bounds.width) / factor) - x),
    height: Math.max(1, Math.ceil((bounds.y + bounds.height) / factor) - y),
  };
}

/** `pixels` of `bounds` (straight RGBA, Uint8Array or Uint16Array) as 8-bit straight RGBA on cells: {bounds, data}. */
export function reduce(pixels, bounds, factor) {
  const cells = cellsOf(bounds, factor);
  if (factor === 1) return { bounds: cells, data: bytes(pixels) };
  const data = new Uint8ClampedArray(cells.width * cells.height * 4);
  const sums = new Float64Array(cells.width * 4);
  for (let row = 0; row < cells.height; row += 1) {
    sums.fill(0);
    const top = Math.max(bounds.y, (cells.y + row) * factor);
    const bottom = Math.min(bounds.y + bounds.height, (cells.y + row + 1) * factor);
    for (let y = top; y < bottom; y += 1) gather(sums, pixels, bounds, y, cells.x, factor);
    settle(data, row * cells.width * 4, sums, factor * factor, pixels instanceof Uint16Array ? 65535 : 255);
  }
  return { bounds: cells, data };
}

function bytes(pixels) {
  if (pixels instanceof Uint8Array) return new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  const data = new Uint8ClampedArray(pixels.length);
  for (let index = 0; index < pixels.length; index += 1) data[index] = toByte(pixels[index]);
  return data;
}

function gather(sums, pixels, bounds, y, first, factor) {
  let at = 4 * (y - bounds.y) * bounds.width;
  for (let x = bounds.x; x < bounds.x + bounds.width; x += 1, at += 4) {
    const alpha = pixels[at + 3];
    if (alpha === 0) continue;
    const cell = 4 * (Math.floor(x / factor) - first);
    sums[cell] += pixels[at] * alpha;
    sums[cell + 1] += pixels[at + 1] * alpha;
    sums[cell + 2] += pixels[at + 2] * alpha;
    sums[cell + 3] += alpha;
  }
}

function settle(data, from, sums, count, full) {
  const scale = 255 / full;
  for (let cell = 0; cell < sums.length; cell += 4) {
    const alpha = sums[cell + 3];
    if (alpha === 0) continue;
    for (let channel = 0; channel < 3; channel += 1) {
      data[from + cell + channel] = (sums[cell + channel] / alpha) * scale; // clamped and rounded by the array
    }
    data[from + cell + 3] = (alpha / count) * scale;
  }
}
