/**
 * Colours as they are meant: from a document's own profile to the screen's sRGB.
 *
 * Law: runs in the worker; pixels that are shown are converted, pixels that are measured never. No browser converts bare
 * pixels by a profile, but every browser converts pictures: a lattice of colours goes through it as a PNG that carries the
 * profile (PNG specification, §11.3.2.3 iCCP), and what comes back is a table to interpolate in.
 */

/** Colours along each side of the lattice, 5 levels apart: what lies between them is off by up to three
 * levels in dark colours, by a few more where a profile's colours leave sRGB, and else by one. */
const SIDE = 52;
const STEP = 255 / (SIDE - 1);
/** From one colour of the table to the next shade of red, green, blue. */
const [R, G, B] = [4 * SIDE * SIDE, 4 * SIDE, 4];

/** The table for `icc` (a Uint8Array), or null: nothing to do, or a profile that this browser does not understand. */
export async function tableFor(icc) {
  try {
    const bitmap = await createImageBitmap(new Blob([await lattice(icc)], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const table = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    return same(table) ? null : table;
  } catch {
    return null; // shown as if it were sRGB, as before there were profiles
  }
}

/** Convert `data` (straight RGBA bytes) in place, trilinearly. */
export function convert(data, table) {
  let last = -1;
  let done = 0; // where the colour `last` was converted: flat areas are common
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 0) continue;
    const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    if (colour === last) {
      data[at] = data[done];
      data[at + 1] = data[done + 1];
      data[at + 2] = data[done + 2];
    } else {
      interpolate(data, at, table);
      last = colour;
      done = at;
    }
  }
}

function interpolate(data, at, table) {
  const r = data[at] / STEP;
  const g = data[at + 1] / STEP;
  const b = data[at + 2] / STEP;
  const r0 = Math.min(SIDE - 2, r | 0);
  const g0 = Math.min(SIDE - 2, g | 0);
  const b0 = Math.min(SIDE - 2, b | 0);
  for (let channel = 0; channel < 3; channel += 1) {
    const c = 4 * ((r0 * SIDE + g0) * SIDE + b0) + channel;
    const near = mix(mix(table[c], table[c + B], b - b0), mix(table[c + G], table[c + G + B], b - b0), g - g0);
    const far = mix(mix(table[c + R], table[c + R + B], b - b0), mix(table[c + R + G], table[c + R + G + B], b - b0), g - g0);
    data[at + channel] = mix(near, far, r - r0);
  }
}

function mix(one, other, share) {
  return one + (other - one) * share;
}

function same(table) {
  for (let index = 0; index < SIDE ** 3; index += 1) {
    const colour = point(index);
    for (let channel = 0; channel < 3; channel += 1) if (Math.abs(table[4 * index + channel] - colour[channel]) > 1) return false;
  }
  return true;
}

/** Colour number `index` of the lattice, red slowest. */
function point(index) {
  return [Math.floor(index / SIDE / SIDE), Math.floor(index / SIDE) % SIDE, index % SIDE].map((place) => Math.round(place * STEP));
}

/** The lattice as a PNG, one row per shade of red. */
async function lattice(icc) {
  const width = SIDE * SIDE;
  const rows = new Uint8Array(SIDE * (1 + 3 * width));
  for (let index = 0; index < SIDE ** 3; index += 1) {
    const row = Math.floor(index / width);
    rows.set(point(index), row * (1 + 3 * width) + 1 + 3 * (index % width));
  }
  const head = new Uint8Array(13);
  new DataView(head.buffer).setUint32(0, width);
  new DataView(head.buffer).setUint32(4, SIDE);
  head.set([8, 2], 8); // 8 bits, RGB
  const profile = [..."icc\0\0"].map((character) => character.charCodeAt(0));
  const chunks = [
    chunk("IHDR", head),
    chunk("iCCP", new Uint8Array([...profile, ...(await deflated(icc))])),
    chunk("IDAT", await deflated(rows)),
    chunk("IEND", new Uint8Array(0)),
  ];
  return new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...chunks]);
}

async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(name, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set([...name].map((character) => character.charCodeAt(0)), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** CRC-32 (PNG specification, annex D). */
function crc(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return (rest ^ 0xffffffff) >>> 0;
}
