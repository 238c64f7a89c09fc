/** All jobs, newest first: what waits, what runs, what is done. Law: draws the desk's jobs; asks the desk to act. */

import { announce, quarters } from "./announce.js";
import { button, el, fill, icon } from "./elements.js";
import { progressOf } from "./progress.js";
import { ago, text } from "./strings.js";
import { complain, problemOf, trouble } from "./trouble.js";

const BUSY = new Set(["sending", "queued", "running"]);

export class Queue {
  constructor(desk) {
    this.desk = desk;
    this.rows = new Map();
    this.list = el("ul", { class: "jobs" });
    this.empty = el("div", { class: "empty" }, icon("stack"), el("p", {}, el("strong", {}, text.jobsEmpty)), el("p", {}, text.jobsEmptyMore));
    this.element = el("section", { class: "card", "aria-labelledby": "jobs-title" }, el("h2", { id: "jobs-title" }, text.jobs), this.empty, this.list);
    desk.on("jobs", () => this.draw());
    desk.on("job", () => this.draw());
    this.draw();
  }

  draw() {
    const jobs = [...this.desk.jobs.values()].filter(({ created }) => created).sort((a, b) => b.created - a.created);
    this.empty.hidden = jobs.length > 0;
    const rows = jobs.map((job) => this.row(job));
    for (const id of [...this.rows.keys()]) if (!this.desk.jobs.has(id)) this.rows.delete(id);
    const same = rows.length === this.list.children.length && rows.every((row, index) => row === this.list.children[index]);
    if (!same) fill(this.list, ...rows);
  }

  row(job) {
    const row = this.rows.get(job.job) ?? made(job, this.desk);
    this.rows.set(job.job, row);
    row.show(job);
    return row.element;
  }
}

function made(job, desk) {
  const element = el("li", { class: "job" });
  const progress = progressOf(job.name);
  const say = quarters((name, stage, fraction) => announce(text.progressNews(name, stage, fraction)));
  let drawn = "";
  const show = (now) => {
    const face = [now.state, now.kept, now.problem?.sentence, now.layers, now.name, now.client, now.attempt, age(now)].join("|");
    if (face !== drawn) fill(element, ...faceOf(now, desk, progress));
    drawn = face;
    if (BUSY.has(now.state)) progress.show(now);
    if (now.state === "running" && now.order && element.isConnected) say(now.name, now.stage, now.fraction);
  };
  return { element, show };
}

function faceOf(job, desk, progress) {
  const facts = [
    text.stateOf[job.state],
    text.operations[job.operation] ?? null,
    job.layers ? text.layers(job.layers) : null,
    job.width ? text.size(job.width, job.height) : null,
    job.client && job.client !== text.client ? text.by(job.client) : null,
    age(job),
  ];
  return [
    el("span", { class: `light ${job.state}`, "aria-hidden": "true" }),
    el("div", { class: "job-words" }, el("h3", {}, job.name), el("p", { class: "faint small" }, facts.filter(Boolean).join(" · "))),
    el("div", { class: "job-acts" }, ...acts(job, desk)),
    BUSY.has(job.state) ? progress.element : null,
    job.attempt > 1 && job.state === "running" ? el("p", { class: "small faint wide" }, text.attempt(job.attempt)) : null,
    job.problem && job.state !== "cancelled" ? trouble(job.problem, desk.repeats(job.job) ? () => desk.again(job.job) : null) : null,
  ];
}

function age(job) {
  return BUSY.has(job.state) ? null : ago(job.finished ?? job.created);
}

function acts(job, desk) {
  if (job.mine === false) return [];
  const attempt = (deed) => () => deed().catch((error) => complain(problemOf(error)));
  const look = (label, name) => el("a", { class: "button small", href: `#/job/${job.job}`, "aria-label": name, "data-focus": `look ${job.job}` }, label);
  if (BUSY.has(job.state)) {
    const watch = look(text.follow, text.watchName(job.name));
    return [watch, button(text.cancel, () => desk.cancel(job.job), { kind: "small", name: text.cancelName(job.name), "data-focus": `cancel ${job.job}` })];
  }
  const keep = button(text.keep, attempt(() => desk.keep(job.job, !job.kept)), {
    kind: "small toggle",
    name: text.keepName(job.name),
    "aria-pressed": String(Boolean(job.kept)),
    "data-focus": `keep ${job.job}`,
  });
  keep.title = text.keepHint;
  const remove = button(null, attempt(() => desk.drop(job.job)), { kind: "small quiet", name: text.removeName(job.name), picture: "bin", "data-focus": `bin ${job.job}` });
  return job.state === "done" ? [look(text.open, text.openName(job.name)), keep, remove] : [remove];
}
