/**
 * The part of msgpack that the protocol speaks: nil, booleans, integers, float64, UTF-8 text, bytes, arrays, maps with
 * text keys. Extensions, other keys, repeated keys, trailing bytes and deep nests are refused.
 *
 * Law: plain ES module, no DOM, no TextDecoder, no dependency: it runs in a page, a worker, Node and a UXP plugin.
 * Numbers: an integer is a Number within ±(2^53 − 1); `Float` marks a whole number that is a float64 on the wire, in both
 * directions, so that 1.0 can be told from 1.
 */

import { decodeUtf8, encodeUtf8 } from "./utf8.js";

/** What cannot be read, or cannot be said. */
export class CodecError extends Error {}

/** A number that is a float64 on the wire even where it is whole. */
export class Float {
  constructor(value) {
    this.value = value;
  }
}

/** Deepest nesting of maps and arrays (wire/limits.py: DEPTH). */
export const DEPTH = 8;
/** Most values in one message, counting keys (wire/limits.py: ITEMS). */
export const ITEMS = 16_384;

/** `value` as bytes. */
export function encode(value) {
  const writer = new Writer();
  writer.value(value, DEPTH);
  return writer.finish();
}

/** The one value that `bytes` (a Uint8Array) spell. Byte strings are views into it, not copies. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(DEPTH);
  if (reader.at !== bytes.length) throw new CodecError("something follows the message");
  return value;
}

class Writer {
  constructor() {
    this.bytes = new Uint8Array(512);
    this.view = new DataView(this.bytes.buffer);
    this.length = 0;
  }

  finish() {
    return this.bytes.slice(0, this.length);
  }

  room(count) {
    const from = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return from;
  }

  byte(value) {
    const at = this.room(1); // before `this.bytes` is looked up: it may be replaced
    this.bytes[at] = value;
  }

  number(mark, method, width, value) {
    this.byte(mark);
    const at = this.room(width);
    this.view[method](at, value);
  }

  raw(bytes) {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  value(value, depth) {
    if (value === null) this.byte(0xc0);
    else if (value === false) this.byte(0xc2);
    else if (value === true) this.byte(0xc3);
    else if (value instanceof Float) this.number(0xcb, "setFloat64", 8, value.value);
    else if (typeof value === "number") this.numeric(value);
    else if (typeof value === "string") this.text(value);
    else if (value instanceof Uint8Array) this.binary(value);
    else if (Array.isArray(value)) this.array(value, depth);
    else if (typeof value === "object") this.map(value, depth);
    else throw new CodecError(`a ${typeof value} cannot be said`);
  }

  numeric(value) {
    if (!Number.isInteger(value)) return this.number(0xcb, "setFloat64", 8, value);
    if (!Number.isSafeInteger(value)) throw new CodecError("a whole number beyond 2^53 cannot be said");
    if (value >= 0) {
      if (value < 0x80) this.byte(value);
      else if (value < 0x100) this.number(0xcc, "setUint8", 1, value);
      else if (value < 0x10000) this.number(0xcd, "setUint16", 2, value);
      else if (value < 0x100000000) this.number(0xce, "setUint32", 4, value);
      else this.number(0xcf, "setBigUint64", 8, BigInt(value));
    } else if (value >= -0x20) this.byte(value & 0xff);
    else if (value >= -0x80) this.number(0xd0, "setInt8", 1, value);
    else if (value >= -0x8000) this.number(0xd1, "setInt16", 2, value);
    else if (value >= -0x80000000) this.number(0xd2, "setInt32", 4, value);
    else this.number(0xd3, "setBigInt64", 8, BigInt(value));
  }

  text(value) {
    let bytes;
    try {
      bytes = encodeUtf8(value);
    } catch (error) {
      throw new CodecError(error.message);
    }
    if (bytes.length < 0x20) this.byte(0xa0 | bytes.length);
    else this.size(bytes.length, 0xd9, 0xda, 0xdb);
    this.raw(bytes);
  }

  binary(bytes) {
    this.size(bytes.length, 0xc4, 0xc5, 0xc6);
    this.raw(bytes);
  }

  array(items, depth) {
    if (depth === 0) throw new CodecError("nested too deeply");
    if (items.length < 0x10) this.byte(0x90 | items.length);
    else this.size(items.length, null, 0xdc, 0xdd);
    for (const item of items) this.value(item, depth - 1);
  }

  map(entries, depth) {
    const keys = Object.keys(entries);
    if (depth === 0) throw new CodecError("nested too deeply");
    if (keys.length < 0x10) this.byte(0x80 | keys.length);
    else this.size(keys.length, null, 0xde, 0xdf);
    for (const key of keys) {
      this.text(key);
      this.value(entries[key], depth - 1);
    }
  }

  size(count, mark8, mark16, mark32) {
    if (mark8 !== null && count < 0x100) this.number(mark8, "setUint8", 1, count);
    else if (count < 0x10000) this.number(mark16, "setUint16", 2, count);
    else this.number(mark32, "setUint32", 4, count);
  }
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.items = ITEMS;
  }

  take(count) {
    const from = this.at;
    if (count > this.bytes.length - from) throw new CodecError("the message ends too early");
    this.at += count;
    return from;
  }

  value(depth) {
    const mark = this.bytes[this.take(1)];
    if (mark < 0x80) return mark;
    if (mark < 0x90) return this.map(mark & 0x0f, depth);
    if (mark < 0xa0) return this.array(mark & 0x0f, depth);
    if (mark < 0xc0) return this.text(mark & 0x1f);
    if (mark >= 0xe0) return mark - 0x100;
    const read = READ[mark];
    if (read === undefined) throw new CodecError(`0x${mark.toString(16)} is not part of this protocol`);
    return read(this, depth);
  }

  number(method, width) {
    return this.view[method](this.take(width));
  }

  float(method, width) {
    const value = this.number(method, width);
    return Number.isInteger(value) ? new Float(value) : value;
  }

  big(method) {
    const value = Number(this.view[method](this.take(8)));
    if (!Number.isSafeInteger(value)) throw new CodecError("a whole number beyond 2^53");
    return value;
  }

  binary(count) {
    const from = this.take(count);
    return this.bytes.subarray(from, from + count);
  }

  text(count) {
    try {
      return decodeUtf8(this.binary(count));
    } catch (error) {
      throw error instanceof CodecError ? error : new CodecError(error.message);
    }
  }

  array(count, depth) {
    this.enter(count, depth);
    const items = [];
    for (let index = 0; index < count; index += 1) items.push(this.value(depth - 1));
    return items;
  }

  map(count, depth) {
    this.enter(2 * count, depth);
    const entries = Object.create(null); // "__proto__" is a key like any other
    for (let index = 0; index < count; index += 1) {
      const key = this.value(0);
      if (typeof key !== "string") throw new CodecError("a map's key is not text");
      if (key in entries) throw new CodecError(`the key ${key} comes twice`);
      entries[key] = this.value(depth - 1);
    }
    return entries;
  }

  /** Before a container of so many values is made: they must be able to be there, and be allowed. */
  enter(values, depth) {
    this.items -= values;
    if (depth === 0) throw new CodecError("nested too deeply");
    if (values > this.bytes.length - this.at) throw new CodecError("the message ends too early");
    if (this.items < 0) throw new CodecError("the message holds too many values");
  }
}

const READ = {
  0xc0: () => null,
  0xc2: () => false,
  0xc3: () => true,
  0xc4: (reader) => reader.binary(reader.number("getUint8", 1)),
  0xc5: (reader) => reader.binary(reader.number("getUint16", 2)),
  0xc6: (reader) => reader.binary(reader.number("getUint32", 4)),
  0xca: (reader) => reader.float("getFloat32", 4),
  0xcb: (reader) => reader.float("getFloat64", 8),
  0xcc: (reader) => reader.number("getUint8", 1),
  0xcd: (reader) => reader.number("getUint16", 2),
  0xce: (reader) => reader.number("getUint32", 4),
  0xcf: (reader) => reader.big("getBigUint64"),
  0xd0: (reader) => reader.number("getInt8", 1),
  0xd1: (reader) => reader.number("getInt16", 2),
  0xd2: (reader) => reader.number("getInt32", 4),
  0xd3: (reader) => reader.big("getBigInt64"),
  0xd9: (reader) => reader.text(reader.number("getUint8", 1)),
  0xda: (reader) => reader.text(reader.number("getUint16", 2)),
  0xdb: (reader) => reader.text(reader.number("getUint32", 4)),
  0xdc: (reader, depth) => reader.array(reader.number("getUint16", 2), depth),
  0xdd: (reader, depth) => reader.array(reader.number("getUint32", 4), depth),
  0xde: (reader, depth) => reader.map(reader.number("getUint16", 2), depth),
  0xdf: (reader, depth) => reader.map(reader.number("getUint32", 4), depth),
};
