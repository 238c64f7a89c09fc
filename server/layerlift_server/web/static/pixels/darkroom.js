/**
 * The worker that does all work on pixels for one opened job, so that the page never stands still.
 *
 * Law: hears what `darkroom-door.js` says, answers with bitmaps and numbers; no socket, no page. At full size it keeps one
 * picture (everything put back together so far) and one layer on its way; shown layers are reduced (see `reduce.js`).
 */

import { Difference } from "./difference.js";
import { Composite } from "./over.js";
import { convert, tableFor } from "./profile.js";
import { reduce } from "./reduce.js";

/** Rows of the original that are read back from a canvas at a time, in pixels in all: 16 MB. */
const STRIP_PIXELS = 4_000_000;
/** Longest side of the alpha masks that say what lies under the pointer. */
const MASK_SIDE = 256;

let stack = null;
let coming = null;
let difference = null;
let table = null; // from the document's colours to the screen's; null: they are the same

const deeds = {
  /** A new stack: {width, height, depth, factor, whole}; `whole`: keep the composite at full size. */
  begin({ width, height, depth, factor, whole }) {
    stack = { width, height, depth, factor, profiled: false, composite: whole ? new Composite(width, height, depth) : null };
  },

  /** The document's own colour profile, before any layer. */
  async profile({ icc }) {
    stack.profiled = true;
    table = await tableFor(icc);
  },

  /** A layer is about to come: {index, bounds, depth, opacity, size, digest}. */
  layer(layer) {
    coming = { ...layer, bytes: new Uint8Array(layer.size), have: 0 };
  },

  /** Bytes of it: a whole message's buffer, of which the data is `length` bytes from `from`. */
  async bytes({ buffer, from, length, offset }) {
    coming.bytes.set(new Uint8Array(buffer, from, length), offset);
    coming.have += length;
    if (coming.have === coming.size) await develop(coming);
  },

  /** Measure against the original: a Blob that the browser can decode. */
  async compare({ file }) {
    const before = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const { width, height, factor, composite } = stack;
    if (before.width !== width || before.height !== height) {
      postMessage({ type: "compared", size: [before.width, before.height] });
      return;
    }
    difference = composite === null ? null : measured(before, composite, factor);
    const raw = stack.profiled && table === null ? { colorSpaceConversion: "none" } : {}; // like the layers beside it
    const shown = { ...raw, resizeWidth: Math.ceil(width / factor), resizeHeight: Math.ceil(height / factor), resizeQuality: "high" };
    const small = await createImageBitmap(file, shown);
    before.close();
    postMessage({ type: "compared", before: small, summary: difference?.summary() ?? null }, [small]);
  },

  /** The difference as a picture, `gain` times brighter. */
  async amplify({ gain }) {
    const { width, height } = difference;
    const bitmap = await createImageBitmap(new ImageData(difference.picture(gain), width, height));
    postMessage({ type: "amplified", gain, bitmap }, [bitmap]);
  },
};

async function develop({ index, bounds, depth, opacity, bytes, digest }) {
  if ((await sha256(bytes)) !== digest) throw new Error("a layer arrived damaged");
  const pixels = depth === 16 ? new Uint16Array(bytes.buffer) : bytes;
  stack.composite?.lay(pixels, bounds, opacity);
  coming = null;
  const small = reduce(pixels, bounds, stack.factor);
  if (table !== null) convert(small.data, table);
  const mask = masked(small);
  const light = lightness(small.data);
  const bitmap = await createImageBitmap(new ImageData(small.data, small.bounds.width, small.bounds.height));
  postMessage({ type: "developed", index, bounds: small.bounds, bitmap, mask, light }, [bitmap, mask.data.buffer]);
}

/** SHA-256 in lower-case hexadecimal, as the server states it. (A page at 127.0.0.1 or with TLS always has this.) */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The reduced layer's alpha once more reduced, by the nearest pixel: {step, width, data}. */
function masked({ bounds: { width, height }, data }) {
  const step = Math.max(1, Math.ceil(Math.max(width, height) / MASK_SIDE));
  const mask = { step, width: Math.ceil(width / step), height: Math.ceil(height / step) };
  mask.data = new Uint8Array(mask.width * mask.height);
  for (let y = 0; y < mask.height; y += 1) {
    for (let x = 0; x < mask.width; x += 1) mask.data[y * mask.width + x] = data[4 * (y * step * width + x * step) + 3];
  }
  return mask;
}

/** Mean lightness (0–1) of what is visible: what is light is shown on something dark. */
function lightness(data) {
  const step = 4 * Math.max(1, Math.floor(data.length / 4 / 20_000));
  let [sum, weight] = [0, 0];
  for (let at = 0; at < data.length; at += step) {
    sum += (0.3 * data[at] + 0.59 * data[at + 1] + 0.11 * data[at + 2]) * data[at + 3];
    weight += data[at + 3];
  }
  return weight === 0 ? 0 : sum / weight / 255;
}

function measured(before, composite, factor) {
  const found = new Difference(composite, factor);
  const rows = Math.max(1, Math.min(composite.height, Math.floor(STRIP_PIXELS / composite.width)));
  const canvas = new OffscreenCanvas(composite.width, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < composite.height; top += rows) {
    const count = Math.min(rows, composite.height - top);
    context.clearRect(0, 0, composite.width, rows);
    context.drawImage(before, 0, -top);
    found.strip(context.getImageData(0, 0, composite.width, count).data, top, count);
  }
  return found;
}

/** One deed after the other: bytes of the next layer wait until this one is developed. */
let queue = Promise.resolve();
addEventListener("message", ({ data }) => {
  queue = queue
    .then(() => deeds[data.do](data))
    .catch((error) => postMessage({ type: "failed", about: data.do, reason: String(error?.message ?? error) }));
});
