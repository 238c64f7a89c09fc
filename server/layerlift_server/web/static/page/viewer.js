/**
 * Looking through one finished job: fetch its layers, show them, play with them, compare, download.
 *
 * Law: joins stage, panels and darkroom for one job and takes them down again; draws little itself.
 */

import { Darkroom } from "../pixels/darkroom-door.js";
import { Changes } from "./changes.js";
import { Compare } from "./compare.js";
import { explodedSliders, viewSwitch, zoomButtons } from "./controls.js";
import { el, shown } from "./elements.js";
import { listen } from "./gestures.js";
import { LayersPanel } from "./layers.js";
import { Sheets } from "./sheets.js";
import { Stage } from "./stage.js";
import { text } from "./strings.js";
import { problem, problemOf, trouble } from "./trouble.js";
import { TryOut } from "./tryout.js";

const FIRST = "exploded";

export class Viewer {
  /** `job`: a finished one of the desk, with all `layers_ready`. */
  constructor(desk, job, go) {
    this.desk = desk;
    const { width, height, depth } = job.done;
    this.extent = { width, height };
    const layers = [...job.layers_ready].sort((a, b) => a.index - b.index);
    this.name = job.name;
    this.darkroom = new Darkroom({ width, height, depth, layers }, (picture) => this.sheets.arrived(picture));
    this.sheets = new Sheets(layers, this.darkroom.factor);
    this.stage = new Stage(this.sheets, { width, height });
    this.compare = new Compare(this.stage, this.darkroom, desk.files.get(job.job) ?? null);
    this.compare.onmeasured = () => this.describe();
    this.sliders = explodedSliders(this.stage);
    this.note = el("p", { class: "hint small faint" });
    this.bar = el("progress", { class: "thin", max: 1, value: 0, "aria-label": text.loadingBar });
    listen(this.stage, (share) => this.compare.wipe(share));
    this.changes = new Changes(desk, job, this, go);
    this.element = this.build(job.done);
    this.view("flat");
    this.fetched = this.fetch(job.job, layers, job.done.icc).catch((error) => this.broken(error));
  }

  build(done) {
    this.views = viewSwitch((name) => this.view(name), FIRST);
    const side = [new LayersPanel(this.sheets), new TryOut(this.sheets), this.changes].map(({ element }) => element);
    const picture = el(
      "div",
      { class: "picture" },
      el("div", { class: "stage-bar" }, this.views, zoomButtons(this.stage)),
      el("div", { class: "stage-frame" }, this.stage.canvas, this.bar),
      this.sliders,
      this.compare.element,
      this.note,
    );
    return el("div", { class: "viewer" }, picture, el("aside", { class: "side", "aria-label": text.layersTitle }, ...side, notes(done)));
  }

  /** Pull the layers one by one, bottom first, then let them fly apart. */
  async fetch(job, layers, icc) {
    if (icc > 0) await this.desk.connection.download(job, null, this.darkroom.profileSink()).done;
    const all = layers.reduce((sum, { size }) => sum + size, 0);
    let before = 0;
    for (const layer of layers) {
      const download = this.desk.connection.download(job, layer.index, this.darkroom.sink(layer), (have) => {
        this.bar.value = (before + have) / all;
      });
      this.closing = () => download.stop();
      await download.done;
      before += layer.size;
    }
    await this.darkroom.developed;
    this.bar.hidden = true;
    this.element.dataset.ready = "true";
    if (this.current === "flat") this.view(this.wanted ?? FIRST);
  }

  broken(error) {
    if (this.closed) return;
    const why = problemOf(error);
    this.bar.hidden = true;
    this.note.replaceChildren(trouble(problem(text.brokenView, why.sentence || text.brokenViewMore)));
  }

  /** Change the view as if its switch had been used. */
  look(name) {
    this.views.querySelector(`[value="${name}"]`).checked = true;
    this.view(name);
  }

  view(name) {
    this.wanted = this.current === undefined ? FIRST : name;
    this.current = name;
    this.stage.show(name);
    this.stage.canvas.dataset.view = name;
    shown(this.sliders, name === "exploded");
    this.compare.show(name);
    this.describe();
  }

  describe() {
    const max = this.compare.summary?.max;
    const labels = {
      flat: `${text.flatStage}: ${this.name}. ${text.flatKeys}`,
      exploded: `${text.explodedStage}: ${this.name}. ${text.explodedKeys}`,
      compare: `${text.stageCompare}. ${text.compareKeys}`,
      difference: max === undefined ? text.viewDifference : text.stageDifference(max),
    };
    this.stage.canvas.setAttribute("aria-label", labels[this.current]);
    const keys = { flat: text.flatKeys, exploded: text.explodedKeys, compare: text.compareKeys, difference: "" };
    const { factor, whole } = this.darkroom;
    const scale = factor === 1 ? "" : whole ? text.scaled(factor) : text.scaledOnly(factor);
    this.note.textContent = [keys[this.current], scale].filter(Boolean).join(" ");
  }

  close() {
    this.closed = true;
    this.closing?.();
    this.changes.close();
    this.stage.close();
    this.darkroom.close();
    this.sheets.close();
  }
}

function notes(done) {
  if (done.notes.length === 0) return null;
  return el(
    "section",
    { class: "card", "aria-labelledby": "notes-title" },
    el("h2", { id: "notes-title" }, text.notes),
    el("ul", { class: "notes small" }, ...done.notes.map((note) => el("li", {}, note))),
  );
}
