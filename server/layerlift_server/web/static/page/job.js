/** The page of one job: waiting for it, what went wrong with it, or a look through its layers. Law: decides which. */

import { announce, quarters } from "./announce.js";
import { downloads } from "./downloads.js";
import { button, el, fill, icon } from "./elements.js";
import { progressOf } from "./progress.js";
import { text } from "./strings.js";
import { trouble } from "./trouble.js";
import { Viewer } from "./viewer.js";

export class JobPage {
  constructor(desk, job, go) {
    Object.assign(this, { desk, job, go });
    this.title = el("h1", { tabindex: "-1" });
    this.facts = el("p", { class: "faint" });
    this.body = el("div", { class: "job-body" });
    const back = el("a", { class: "back", href: "#/" }, icon("back"), text.back);
    this.head = el("div", { class: "job-head" }, back, el("div", { class: "job-title" }, this.title, this.facts));
    this.element = el("div", { class: "job-page" }, this.head, this.body);
    this.stops = [desk.on("job", (news) => news.job === job && this.show(news)), desk.on("jobs", () => this.show(desk.jobs.get(job)))];
    this.say = quarters((name, stage, fraction) => announce(text.progressNews(name, stage, fraction)));
    const known = desk.jobs.get(job);
    const here = known?.order && (!known.watched || known.asking); // the server has never heard of it
    if (desk.connection.state === "open" && !here) desk.watch(job);
    else if (!known) desk.jobs.set(job, { job, name: "", state: "queued", fraction: 0, stage: "", mine: true, watched: true });
    this.show(desk.jobs.get(job));
  }

  show(job) {
    if (!job || this.closed) return;
    if (job.state === "gone") return this.go("#/");
    this.title.textContent = job.name || text.title;
    const facts = [text.stateOf[job.state], text.operations[job.operation] ?? null, job.width ? text.size(job.width, job.height) : null, job.depth ? text.bits(job.depth) : null];
    const made = job.done ? [text.layers(job.done.layers), text.seconds(job.done.seconds)] : [];
    this.facts.textContent = [...facts, ...made].filter(Boolean).join(" · ");
    document.title = `${["running", "sending"].includes(job.state) ? `${text.percent(job.fraction)} · ` : ""}${job.name || text.title} – ${text.title}`;
    if (job.state === "done") return this.look(job);
    if (["sending", "queued", "running"].includes(job.state)) return this.wait(job);
    return this.explain(job);
  }

  wait(job) {
    if (this.phase !== "wait") {
      this.phase = "wait";
      this.picture = el("img", { class: "preview", alt: "", hidden: true });
      this.progress = progressOf(job.name);
      const cancel = button(text.cancel, () => this.desk.cancel(this.job), { name: text.cancelName(job.name), "data-focus": "cancel" });
      const card = el("div", { class: "wait-card" }, this.progress.element, cancel);
      fill(this.body, el("div", { class: "waiting" }, el("div", { class: "preview-frame" }, this.picture), card));
      this.own();
    }
    if (job.preview && this.picture.src !== job.preview) {
      this.picture.src = job.preview;
      this.picture.hidden = false;
    }
    this.progress.show(job);
    if (job.state === "running") this.say(job.name, job.stage, job.fraction);
  }

  /** Until the server sends a preview, the file dropped here shows itself where the browser can draw it. */
  own() {
    const file = this.desk.files.get(this.job);
    if (!file || file.size > 60e6) return;
    this.address = URL.createObjectURL(file);
    this.picture.addEventListener("error", () => (this.picture.hidden = true));
    this.picture.src = this.address;
    this.picture.hidden = false;
  }

  explain(job) {
    this.phase = "over";
    const again = this.desk.repeats(this.job) ? () => this.go(`#/job/${this.desk.again(this.job)}`) : null;
    const why = job.problem ?? { sentence: text.stateOf[job.state], remedy: "", retryable: true };
    const source = job.order?.params.source; // what it was to be made of is still there
    const back = source ? el("a", { class: "button small", href: `#/job/${source}` }, text.backToSource) : null;
    fill(this.body, el("div", { class: "over" }, trouble(why, again), back));
  }

  /** Done: once every layer has been named, look through them. */
  look(job) {
    if (this.viewer || !job.done || job.layers_ready?.length !== job.done.layers) return;
    this.phase = "look";
    this.viewer = new Viewer(this.desk, job, this.go);
    announce(text.finished(job.name, job.done.layers));
    this.head.append(downloads(this.job));
    fill(this.body, this.viewer.element);
  }

  close() {
    this.closed = true;
    for (const stop of this.stops) stop();
    if (this.address) URL.revokeObjectURL(this.address);
    this.viewer?.close();
  }
}
