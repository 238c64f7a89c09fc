/** Fields of the forms that ask for work: each is {element, read()}. Law: makes fields; knows no job and no desk. */

import { el, fill, shown } from "./elements.js";
import { text } from "./strings.js";

/** Most characters of what is said in words (wire/limits.py: PARAM, in characters of up to 4 bytes). */
const LONGEST = 700;
const SEEDS = 2 ** 32 - 1;
/** The engine for tests and demos. */
const PRETENDER = "fake";

function field(label, input, hint = null) {
  const words = hint ? el("p", { class: "small faint" }, hint) : null;
  return el("div", { class: "field" }, el("label", { for: input.id }, label), input, words);
}

/** Words in the person's own language; null when there are none. */
export function words(id, label, { hint = "", long = false, needed = false } = {}) {
  const more = { id, maxlength: LONGEST, placeholder: hint, autocomplete: "off", required: needed };
  const input = long ? el("textarea", { rows: 3, ...more }) : el("input", { type: "text", ...more });
  const element = field(label, input);
  element.classList.add("wide");
  return { element, input, read: () => input.value.trim() || null };
}

/** A whole number; null when the field is empty. */
export function number(id, label, { min = 0, max, value = "", onchange = null } = {}) {
  const input = el("input", { id, type: "number", step: 1, min, max, value });
  if (onchange) input.addEventListener("input", onchange);
  return { element: field(label, input), input, read: () => (input.value === "" ? null : Math.round(Number(input.value))) };
}

/** One of a few: `choices` are [value, label]. */
export function choice(id, label, choices) {
  const input = el("select", { id }, ...choices.map(([value, words]) => el("option", { value }, words)));
  return { element: field(label, input), input, read: () => input.value };
}

/** Yes or no; `hint` says when it helps, and what it costs. */
export function tick(id, label, hint = null) {
  const input = el("input", { id, type: "checkbox", ...(hint ? { "aria-describedby": `${id}-hint` } : {}) });
  const element = el("div", { class: "tick wide" }, input, el("label", { for: id }, label));
  if (hint) element.append(el("p", { id: `${id}-hint`, class: "small faint" }, hint));
  return { element, input, read: () => input.checked };
}

/** How much care edges get; null is the usual, which is not said: servers from before this refuse the word. */
export function edges(id) {
  const { element, input, read } = tick(id, text.careful, text.carefulHint);
  return { element, input, read: () => (read() ? "careful" : null) };
}

/**
 * Who does it, of those that can: shown where there is a choice. Null is the server's own choice, which is never the engine
 * that only pretends: where that is the only one, this is said, and it is asked for by its name.
 */
export function engine(id, operation) {
  const input = el("select", { id });
  const pretended = el("p", { class: "small faint" }, text.onlyPretended);
  const element = field(text.engine, input);
  element.append(pretended);
  element.classList.add("wide");
  const offer = (offers) => {
    const able = offers.filter(({ missing, operations }) => missing === null && operations.includes(operation));
    const real = able.some(({ name }) => name !== PRETENDER);
    const options = [...(real ? [["", text.engineFits]] : []), ...able.map(({ name, title }) => [name, title])];
    const last = input.value;
    fill(input, ...options.map(([value, words]) => el("option", { value }, words)));
    input.value = options.some(([value]) => value === last) ? last : options[0]?.[0];
    shown(pretended, !real);
    shown(element, able.length > (real ? 1 : 0));
    return able;
  };
  return { element, input, offer, read: () => input.value || null };
}

/** How a model draws: {element, read()} of the params that were set. */
export function drawing(id) {
  const [seed, fast] = [number(`${id}-seed`, text.seed, { max: SEEDS }), tick(`${id}-fast`, text.fast)];
  const element = el("details", { class: "unfold small wide" }, el("summary", {}, text.howDrawn), el("div", { class: "fields" }, seed.element, fast.element));
  const read = () => ({ ...(seed.read() === null ? {} : { seed: seed.read() }), ...(fast.read() ? { fast: true } : {}) });
  return { element, read };
}

/** A form whose button says `label`; `deed()` when it is sent. */
export function form(label, deed, ...parts) {
  const send = el("button", { type: "submit", class: "button primary small" }, el("span", {}, label));
  const onsubmit = (event) => {
    event.preventDefault();
    deed();
  };
  return el("form", { class: "order", onsubmit }, el("div", { class: "fields two" }, ...parts), send);
}

/** Without what was left empty. */
export function said(params) {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null && value !== ""));
}
