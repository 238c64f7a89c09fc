/**
 * What a field may hold, by its type in the tables: how to say it and how to hear it, under the same limits.
 *
 * Law: values and limits; knows no message. `say` and `hear` raise CodecError with the place, never with what came.
 */

import { CodecError, Float } from "./codec.js";
import { TABLES } from "./tables.js";
import { utf8Length } from "./utf8.js";

const known = new Map();

/** The shape of a type: {say(value, where), hear(value, where)}. */
export function shapeOf(type) {
  if (!known.has(type)) known.set(type, made(type));
  return known.get(type);
}

/** Whether `table` itself has `name` (Object.hasOwn, which older hosts lack). */
export function has(table, name) {
  return Object.prototype.hasOwnProperty.call(table, name);
}

/** A plain object of the fields that `table` names, out of `given`; `way` is "say" or "hear". */
export function record(table, given, way, where) {
  if (!isMap(given)) throw new CodecError(`${where} is not a map`);
  const fields = {};
  for (const [name, type, ...fallback] of table) {
    const shape = shapeOf(type);
    if (given[name] !== undefined) fields[name] = shape[way](given[name], `${where}.${name}`);
    else if (fallback.length === 0) throw new CodecError(`${where}.${name} is missing`);
    else fields[name] = way === "say" ? shape.say(fallback[0], name) : copy(fallback[0]);
  }
  return fields;
}

function made(type) {
  if (type.endsWith("?")) return nullable(shapeOf(type.slice(0, -1)));
  if (type.includes("|")) return choice(type.split("|"));
  if (type.startsWith("~")) return like(type.slice(1));
  if (has(TABLES.values, type)) return noun(TABLES.values[type]);
  const [, open, inner, low, high] = /^([[{]?)(.+?)[\]}]?(?: (-?\d+)\.\.(-?\d+))?$/.exec(type);
  if (open === "[") return list(shapeOf(inner), Number(low), Number(high));
  if (open === "{") return map(shapeOf(inner), Number(high));
  return SCALARS[inner](Number(low), Number(high));
}

function scalar(fits, name, say = (value) => value) {
  const hear = (value, where) => {
    if (!fits(value)) throw new CodecError(`${where} is not ${name}`);
    return value;
  };
  return { hear, say: (value, where) => say(hear(value, where)) };
}

/** As `inner`, but welcoming a whole number that came as a float64. */
function real(inner) {
  return { ...inner, hear: (value, where) => inner.hear(value instanceof Float ? value.value : value, where) };
}

const SCALARS = {
  bool: () => scalar((value) => typeof value === "boolean", "true or false"),
  int: (low, high) => scalar((value) => Number.isInteger(value) && value >= low && value <= high, `a whole number ${low} to ${high}`),
  float: (low, high) =>
    real(scalar((value) => typeof value === "number" && value >= low && value <= high, `a number ${low} to ${high}`, (value) => new Float(value))),
  str: (low, high) => scalar((value) => typeof value === "string" && fitting(value, high), `a text of up to ${high} bytes`),
  bytes: (low, high) => scalar((value) => value instanceof Uint8Array && value.length <= high, `up to ${high} bytes`),
  param: () => real(scalar(isParam, "a parameter")),
};

/** Most bytes of the text of one param (wire/limits.py: PARAM). */
const PARAM = 3000;

function isParam(value) {
  if (typeof value === "number") return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return value === null || typeof value === "boolean" || (typeof value === "string" && fitting(value, PARAM));
}

function fitting(text, most) {
  return text.length * 3 <= most || utf8Length(text) <= most;
}

function like(name) {
  const pattern = new RegExp(`^(?:${TABLES.patterns[name]})$`);
  return scalar((value) => typeof value === "string" && pattern.test(value), `a ${name}`);
}

function choice(words) {
  const choices = words.map((word) => (word.startsWith("'") ? word.slice(1, -1) : Number(word)));
  return scalar((value) => choices.includes(value), `one of ${choices.join(", ")}`);
}

function both(make) {
  return { say: make("say"), hear: make("hear") };
}

function nullable(inner) {
  return both((way) => (value, where) => (value === null ? null : inner[way](value, where)));
}

function list(inner, low, high) {
  return both((way) => (value, where) => {
    if (!Array.isArray(value) || value.length < low || value.length > high) {
      throw new CodecError(`${where} is not a list of ${low} to ${high}`);
    }
    return value.map((item, index) => inner[way](item, `${where}[${index}]`));
  });
}

function map(inner, most) {
  return both((way) => (value, where) => {
    const keys = isMap(value) ? Object.keys(value) : [];
    if (!isMap(value) || keys.length > most || !keys.every((key) => fitting(key, TABLES.limits.word))) {
      throw new CodecError(`${where} is not a map of up to ${most} words`);
    }
    return Object.fromEntries(keys.map((key) => [key, inner[way](value[key], `${where}.${key}`)]));
  });
}

function noun(table) {
  return both((way) => (value, where) => record(table, value, way, where));
}

function isMap(value) {
  const other = Array.isArray(value) || value instanceof Uint8Array || value instanceof Float;
  return value !== null && typeof value === "object" && !other;
}

function copy(value) {
  return Array.isArray(value) ? [...value] : isMap(value) ? { ...value } : value;
}
