/**
 * Messages as plain objects {type, field: value, …}: their spelling on the wire, checked in both directions.
 *
 * Law: the spelling only; who may say what when is `connection`. Fields that are not known are ignored, fields with a
 * default may be missing, everything else that the tables do not say is a CodecError. A chunk is no map but the array
 * [1, transfer, offset, data] with a prefix of 21 bytes, so that both ends can read into buffers that are there already.
 */

import { CodecError, decode, encode } from "./codec.js";
import { has, record } from "./shapes.js";
import { TABLES } from "./tables.js";

export const PROTOCOL = TABLES.protocol;
export const OLDEST = TABLES.oldest;
/** Bytes in front of a chunk's data. */
export const CHUNK_PREFIX = 21;

const ARRAY_OF_4 = 0x94;
const CHUNK = 1;

/** The bytes of a message that `side` ("client" or "server") says. */
export function encodeMessage(message, side = "client") {
  if (message.type === "chunk") {
    const bytes = new Uint8Array(CHUNK_PREFIX + message.data.length);
    bytes.set(chunkPrefix(message.transfer, message.offset, message.data.length));
    bytes.set(message.data, CHUNK_PREFIX);
    return bytes;
  }
  return encode({ type: message.type, ...record(tableOf(side, message.type), message, "say", message.type) });
}

/** The message that `bytes` (a Uint8Array) spell, said by `side`. A chunk's data is a view into `bytes`. */
export function decodeMessage(bytes, side = "server") {
  if (bytes[0] === ARRAY_OF_4) return chunk(bytes);
  if (bytes.length > TABLES.limits.message) throw new CodecError("the message is too long");
  const said = decode(bytes);
  if (said === null || typeof said !== "object" || typeof said.type !== "string") throw new CodecError("not a message");
  const message = { type: said.type, ...record(tableOf(side, said.type), said, "hear", said.type) };
  if (message.type === "layer") measure(message.layer);
  return message;
}

/** What stands before `length` bytes of data at `offset`: fixed widths, whatever the numbers. */
export function chunkPrefix(transfer, offset, length) {
  const prefix = new Uint8Array(CHUNK_PREFIX);
  const view = new DataView(prefix.buffer);
  prefix.set([ARRAY_OF_4, CHUNK, 0xce]);
  view.setUint32(3, transfer);
  view.setUint8(7, 0xcf);
  view.setBigUint64(8, BigInt(offset));
  view.setUint8(16, 0xc6);
  view.setUint32(17, length);
  return prefix;
}

function chunk(bytes) {
  if (bytes.length < CHUNK_PREFIX) throw new CodecError("a chunk is shorter than its prefix");
  const view = new DataView(bytes.buffer, bytes.byteOffset, CHUNK_PREFIX);
  if (bytes[1] !== CHUNK || bytes[2] !== 0xce || bytes[7] !== 0xcf || bytes[16] !== 0xc6) {
    throw new CodecError("a chunk does not begin with its prefix");
  }
  const length = view.getUint32(17);
  const offset = view.getBigUint64(8);
  if (length > TABLES.limits.chunk) throw new CodecError("a chunk is too long");
  if (length === 0 || length !== bytes.length - CHUNK_PREFIX) throw new CodecError("a chunk does not hold what it states");
  if (offset > BigInt(TABLES.limits.upload)) throw new CodecError("a chunk lies beyond every upload");
  return { type: "chunk", transfer: view.getUint32(3), offset: Number(offset), data: bytes.subarray(CHUNK_PREFIX) };
}

/** A layer's size follows from its bounds. */
function measure({ bounds, depth, size }) {
  if (size !== (bounds.width * bounds.height * depth) / 2) throw new CodecError("a layer's size contradicts its bounds");
}

function tableOf(side, type) {
  if (!has(TABLES[side], type)) throw new CodecError(`a ${side} never says ${type}`);
  return TABLES[side][type];
}
