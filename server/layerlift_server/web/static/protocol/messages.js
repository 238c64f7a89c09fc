/**
 * Messages as plain objects {type, field: value, …}: their spelling on the wire, checked in both directions.
 *
 * Law: the spelling only; who may say what when is `connection`. Fields that are not known are ignored, fields with a
 * default may be missing, everything else that the tables do not say is a CodecError. A chunk is no map but the array
 * [1, transfer, offset, data] with a prefix of 21 bytes, so that both ends can read into buffers that are there already.
 */

import { CodecError, Float, decode, encode } from "./codec.js";
import { TABLES } from "./tables.js";

export const PROTOCOL = TABLES.protocol;
export const OLDEST = TABLES.oldest;
/** Bytes in front of a chunk's data. */
export const CHUNK_PREFIX = 21;

const CHUNK = 1;
const kinds = new Map();

/** The bytes of a message that `side` ("client" or "server") says. */
export function encodeMessage(message, side = "client") {
  if (message.type === "chunk") {
    const bytes = new Uint8Array(CHUNK_PREFIX + message.data.length);
    bytes.set(chunkPrefix(message.transfer, message.offset, message.data.length));
    bytes.set(message.data, CHUNK_PREFIX);
    return bytes;
  }
  const table = tableOf(side, message.type);
  return encode({ type: message.type, ...record(table, message, "say", message.type) });
}

/** The message that `bytes` spell, said by `side`. A chunk's data is a view into `bytes`. */
export function decodeMessage(bytes, side = "server") {
  const said = decode(bytes);
  if (Array.isArray(said)) return chunk(said);
  if (said === null || typeof said !== "object" || said instanceof Uint8Array) throw new CodecError("not a message");
  if (typeof said.type !== "string") throw new CodecError("a message without a type");
  if (said.type === "chunk") throw new CodecError("a chunk is an array");
  return { type: said.type, ...record(tableOf(side, said.type), said, "hear", said.type) };
}

/** What stands before `length` bytes of data at `offset`: fixed widths, whatever the numbers. */
export function chunkPrefix(transfer, offset, length) {
  const prefix = new Uint8Array(CHUNK_PREFIX);
  const view = new DataView(prefix.buffer);
  view.setUint8(0, 0x94);
  view.setUint8(1, CHUNK);
  view.setUint8(2, 0xce);
  view.setUint32(3, transfer);
  view.setUint8(7, 0xcf);
  view.setBigUint64(8, BigInt(offset));
  view.setUint8(16, 0xc6);
  view.setUint32(17, length);
  return prefix;
}

function chunk(said) {
  const [mark, transfer, offset, data] = said;
  const whole = (number) => Number.isInteger(number) && number >= 0;
  if (said.length !== 4 || mark !== CHUNK || !whole(transfer) || !whole(offset) || !(data instanceof Uint8Array)) {
    throw new CodecError("not a chunk");
  }
  return { type: "chunk", transfer, offset, data };
}

function tableOf(side, type) {
  const table = Object.prototype.hasOwnProperty.call(TABLES[side], type) ? TABLES[side][type] : undefined;
  if (table === undefined) throw new CodecError(`a ${side} never says ${type}`);
  return table;
}

/** The fields of `given` that `table` knows, each checked; `way` is "say" (floats are marked) or "hear". */
function record(table, given, way, where) {
  const fields = {};
  for (const [name, type, ...fallback] of table) {
    const value = given[name];
    if (value !== undefined) fields[name] = converter(type)[way](value, `${where}.${name}`);
    else if (fallback.length > 0) fields[name] = way === "say" ? converter(type).say(fallback[0], name) : copy(fallback[0]);
    else throw new CodecError(`${where}.${name} is missing`);
  }
  return fields;
}

function converter(type) {
  if (!kinds.has(type)) kinds.set(type, made(type));
  return kinds.get(type);
}

/** How to say and to hear a value of `type`. */
function made(type) {
  const last = type.length - 1;
  if (type.endsWith("?")) return nullable(converter(type.slice(0, last)));
  if (type.startsWith("[")) return list(converter(type.slice(1, last)));
  if (type.startsWith("{")) return map(converter(type.slice(1, last)));
  if (Object.prototype.hasOwnProperty.call(SCALARS, type)) return SCALARS[type];
  if (Object.prototype.hasOwnProperty.call(TABLES.values, type)) return noun(TABLES.values[type]);
  const choices = type.split("|").map((choice) => (choice.startsWith("'") ? choice.slice(1, -1) : Number(choice)));
  return scalar((value) => choices.includes(value), `one of ${choices.join(", ")}`);
}

function scalar(fits, name, say = (value) => value) {
  const checked = (value, where) => {
    if (!fits(value)) throw new CodecError(`${where} is not ${name}`);
    return value;
  };
  return { say: (value, where) => say(checked(value, where)), hear: checked };
}

const SCALARS = {
  str: scalar((value) => typeof value === "string", "text"),
  int: scalar(Number.isSafeInteger, "a whole number"),
  float: scalar((value) => typeof value === "number" && Number.isFinite(value), "a number", (value) => new Float(value)),
  bool: scalar((value) => typeof value === "boolean", "true or false"),
  bytes: scalar((value) => value instanceof Uint8Array, "bytes"),
  param: scalar((value) => value === null || ["boolean", "number", "string"].includes(typeof value), "a parameter"),
};

function both(make) {
  return { say: make("say"), hear: make("hear") };
}

function nullable(inner) {
  return both((way) => (value, where) => (value === null ? null : inner[way](value, where)));
}

function list(inner) {
  return both((way) => (value, where) => {
    if (!Array.isArray(value)) throw new CodecError(`${where} is not a list`);
    return value.map((item, index) => inner[way](item, `${where}[${index}]`));
  });
}

function map(inner) {
  return both((way) => (value, where) => {
    if (!plain(value)) throw new CodecError(`${where} is not a map`);
    return Object.fromEntries(Object.keys(value).map((key) => [key, inner[way](value[key], `${where}.${key}`)]));
  });
}

function noun(table) {
  return both((way) => (value, where) => {
    if (!plain(value)) throw new CodecError(`${where} is not a map`);
    return record(table, value, way, where);
  });
}

function plain(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function copy(value) {
  return Array.isArray(value) ? [...value] : plain(value) ? { ...value } : value;
}
