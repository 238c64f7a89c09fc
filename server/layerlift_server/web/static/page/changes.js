/**
 * Asking for more of a finished job: a layer split further, edited in words, a part filled, the canvas extended, the whole
 * harmonised. Each gives a new job, whose result is this stack with what was asked; this one stays as it is.
 *
 * Law: forms and what they ask for; the desk asks, the stage lets select.
 */

import { button, el, fill, shown } from "./elements.js";
import { choice, drawing, edges, engine, form, number, said, tick, words } from "./forms.js";
import { Selecting } from "./selecting.js";
import { text } from "./strings.js";

/** Sides of a canvas, as the wire calls them. */
const SIDES = ["left", "top", "right", "bottom"];

export class Changes {
  /** `viewer`: {name, sheets, stage, extent, look(view)}; `go(hash)` changes the place. */
  constructor(desk, job, viewer, go) {
    Object.assign(this, { desk, job, viewer, go, kinds: [] });
    this.selecting = new Selecting(viewer.stage);
    this.rows = el("div", { class: "changes" });
    this.element = el("section", { class: "card", "aria-labelledby": "changes-title" }, el("h2", { id: "changes-title" }, text.changes), el("p", { class: "small faint" }, text.changesHint), this.rows);
    for (const make of [split, edit, inpaint, extend, harmonise]) this.add(make(this));
    this.stops = [desk.on("engines", () => this.offer()), viewer.sheets.on("chosen", () => this.chosen())];
    this.offer();
    this.chosen();
  }

  add({ id, operation, label, parts, params, chosen = () => {}, opened = () => {}, always = false }) {
    const who = engine(`${id}-engine`, operation);
    const how = drawing(id);
    const body = form(text.ask, () => this.send(operation, params, who, how), ...parts, who.element, how.element);
    body.id = `${id}-form`;
    const toggle = button(label, () => this.open(kind, body.hidden), { kind: "small", "aria-expanded": "false", "aria-controls": body.id });
    const kind = { body, toggle, who, chosen, opened, always, element: el("div", { class: "change" }, toggle, body) };
    body.hidden = true;
    this.kinds.push(kind);
    this.rows.append(kind.element);
  }

  /** One form at a time. */
  open(kind, open) {
    for (const other of this.kinds) {
      const now = other === kind && open;
      if (!now && other.body.hidden) continue;
      shown(other.body, now);
      other.toggle.setAttribute("aria-expanded", String(now));
      other.opened(now);
    }
    if (open) kind.body.querySelector("input, textarea, select")?.focus();
  }

  /** What no engine here can do is not offered. */
  offer() {
    for (const { who, element, always } of this.kinds) shown(element, who.offer(this.desk.engines).length > 0 || always);
    shown(this.element, this.kinds.some(({ element }) => !element.hidden));
  }

  get layer() {
    return this.viewer.sheets.chosen?.info ?? null;
  }

  chosen() {
    for (const kind of this.kinds) kind.chosen(this.layer);
  }

  send(operation, params, who, how) {
    const asked = params();
    if (asked === null) return;
    const wishes = said({ ...asked, source: this.job.job, ...how.read() });
    const file = operation === "extend" ? null : this.desk.files.get(this.job.job); // the canvas has another size then
    this.go(`#/job/${this.desk.order(operation, wishes, who.read(), this.viewer.name, file)}`);
  }

  close() {
    for (const stop of this.stops) stop();
  }
}

/** A line that says what is wrong or what is meant, for eyes and screen readers. */
function line() {
  return el("p", { class: "small wide", role: "status" });
}

function split(changes) {
  const most = Array.from({ length: 7 }, (_, index) => [index + 2, text.layersMost(index + 2)]);
  const layers = choice("split-layers", text.layersWanted, [["", text.layersAny], ...most]);
  const [careful, meant] = [edges("split-edges"), line()];
  const chosen = (layer) => fill(meant, layer ? text.splitThis(layer.name) : text.chooseFirst);
  const params = () => changes.layer && { layer: changes.layer.index, layers: layers.read() === "" ? null : Number(layers.read()), edges: careful.read() };
  return { id: "split", operation: "decompose", label: text.split, parts: [meant, layers.element, careful.element], params, chosen };
}

function edit(changes) {
  const prompt = words("edit-prompt", text.editWords, { hint: text.editExample, long: true, needed: true });
  const [alpha, meant] = [tick("edit-alpha", text.rematte), line()];
  const commands = el("p", { class: "small faint wide" }, text.editCommands);
  const chosen = (layer) => {
    fill(meant, layer ? text.editThis(layer.name) : text.editAny);
  };
  const params = () => ({ prompt: prompt.read(), layer: changes.layer?.index ?? null, alpha: alpha.read() ? "matte" : null });
  return { id: "edit", operation: "edit", label: text.edit, parts: [meant, prompt.element, commands, alpha.element], params, chosen, always: true };
}

function inpaint(changes) {
  const { selecting, viewer } = changes;
  const ways = choice("inpaint-way", text.selectWith, [["rectangle", text.rectangle], ["lasso", text.lasso]]);
  ways.input.addEventListener("change", () => (selecting.kind = ways.read()));
  const around = button(text.aroundLayer, () => enclose(selecting, changes.layer), { kind: "small" });
  const numbers = ["x", "y", "width", "height"].map((key) => number(`inpaint-${key}`, text.box[key], { max: viewer.extent[key === "x" || key === "width" ? "width" : "height"], onchange: () => typed() }));
  const typed = () => {
    const [x, y, width, height] = numbers.map((one) => one.read() ?? 0);
    selecting.rectangle(x, y, x + width, y + height);
  };
  const prompt = words("inpaint-prompt", text.fillWith, { hint: text.fillNothing });
  const [feather, state] = [number("inpaint-feather", text.feather, { max: 4096 }), line()];
  selecting.on("changed", () => {
    fill(state, selecting.empty ? text.nothingSelected : text.selected(selecting.bounds));
    const { x, y, width, height } = selecting.corners.length > 0 ? selecting.bounds : { x: "", y: "", width: "", height: "" };
    [x, y, width, height].forEach((value, index) => document.activeElement !== numbers[index].input && (numbers[index].input.value = value));
  });
  const opened = (open) => {
    if (open) viewer.look("flat");
    selecting.turn(open);
    if (!open) selecting.clear();
    else fill(state, text.selectHint);
  };
  const chosen = (layer) => (around.disabled = layer === null);
  const params = () => {
    if (!selecting.empty) return { selection: selecting.read(), prompt: prompt.read(), feather: feather.read() };
    fill(state, text.nothingSelected);
    return null;
  };
  const parts = [state, ways.element, el("div", { class: "field end" }, around), ...numbers.map(({ element }) => element), prompt.element, feather.element];
  return { id: "inpaint", operation: "inpaint", label: text.inpaint, parts, params, chosen, opened };
}

function extend() {
  const numbers = SIDES.map((side) => number(`extend-${side}`, text.sides[side], { max: 100000 }));
  const prompt = words("extend-prompt", text.extendWith, { hint: text.extendMore });
  const state = line();
  const params = () => {
    const sides = Object.fromEntries(SIDES.map((side, index) => [side, numbers[index].read() || null]));
    if (Object.values(sides).some((value) => value !== null)) return { ...sides, prompt: prompt.read() };
    fill(state, text.extendNothing);
    return null;
  };
  return { id: "extend", operation: "extend", label: text.extend, parts: [...numbers.map(({ element }) => element), prompt.element, state], params };
}

function harmonise(changes) {
  const prompt = words("harmonise-prompt", text.mood, { hint: text.moodHint });
  const only = tick("harmonise-only", text.onlyChosen);
  const chosen = (layer) => {
    only.input.disabled = layer === null;
    if (layer === null) only.input.checked = false;
  };
  const params = () => {
    const around = new Selecting(changes.viewer.stage);
    if (only.read() && changes.layer) enclose(around, changes.layer);
    return { prompt: prompt.read(), selection: around.empty ? null : around.read() };
  };
  return { id: "harmonise", operation: "harmonise", label: text.harmonise, parts: [prompt.element, only.element], params, chosen };
}

/** Select the rectangle of a layer. */
function enclose(selecting, layer) {
  if (layer) selecting.rectangle(layer.bounds.x, layer.bounds.y, layer.bounds.x + layer.bounds.width, layer.bounds.y + layer.bounds.height);
}
