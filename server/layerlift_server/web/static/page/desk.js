/**
 * All that the page knows: the connection, the jobs, the files dropped here. Views listen and ask; nothing is drawn here.
 *
 * Law: no elements. A job is what the server's list says of it (JobInfo) plus what this page has seen: `layers` ready,
 * `done`, `preview` (an object URL), `attempt`. Its `state` is "sending" before the server knows it.
 */

import { Connection } from "../protocol/connection.js";
import { uuid } from "../protocol/identity.js";
import { Refusal } from "../protocol/transfers.js";
import { clipped } from "../protocol/utf8.js";
import { Listeners } from "./listeners.js";
import { text } from "./strings.js";
import { problem, problemOf } from "./trouble.js";

const OVER = new Set(["done", "failed", "cancelled", "interrupted"]);
/** Most bytes of a name on the wire (wire/limits.py). */
const NAME = 255;
/** Most jobs in one list (wire/limits.py: JOBS): with so many, what is missing may just be old. */
const LISTED = 100;

export class Desk extends Listeners {
  constructor(address, version) {
    super();
    this.jobs = new Map();
    this.files = new Map();
    this.uploads = new Map();
    this.listed = new Set();
    this.sending = Promise.resolve();
    const hello = { client: { name: text.client, version } };
    this.connection = new Connection(address, hello, {
      onstate: (state) => this.entered(state),
      onmessage: (message) => this.hear(message),
    });
  }

  get engines() {
    return this.latest ?? this.connection.welcome?.engines ?? [];
  }

  /**
   * Hear the engines anew: Welcome names them, and a server that has just been installed knows them all only once its first
   * job runs. A second conversation that ends with its greeting asks.
   */
  askEngines() {
    const asking = new Connection(this.connection.address, this.connection.hello, {
      onstate: (state) => {
        if (state === "connecting") return;
        if (state === "open") this.latest = asking.welcome.engines;
        asking.onstate = () => {};
        asking.close();
        this.tell("engines", this.engines);
      },
    });
    asking.open();
  }

  start() {
    this.connection.open();
    setInterval(() => this.refresh(), 2000);
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  entered(state) {
    if (state === "open") {
      for (const job of this.jobs.values()) if (job.watched && !OVER.has(job.state)) this.watch(job.job);
      this.latest = undefined;
      this.refresh();
      this.tell("engines", this.engines);
    }
    this.tell("connection", this.connection);
  }

  /** Ask for the list of jobs, where somebody looks and no answer is under way. */
  async refresh() {
    if (this.asked || this.connection.state !== "open" || document.hidden) return;
    this.asked = true;
    try {
      this.list((await this.connection.ask({ type: "jobs", since: 0 }, "job_list")).jobs);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // refused or shut: the next one may do better
    } finally {
      this.asked = false;
    }
  }

  /** Send a picture and have it taken apart; returns the job's id at once. Files go one after the other. */
  submit(file, params = {}, engine = null) {
    const job = uuid();
    this.files.set(job, file);
    const order = { type: "submit", job, operation: "decompose", engine, upload: uuid(), params, detached: true };
    const name = clipped(file.name || "Picture", NAME);
    this.jobs.set(job, { job, name, state: "sending", fraction: 0, stage: text.sending, created: Date.now() / 1000, mine: true, order });
    this.changed(job);
    this.sending = this.sending.then(() => this.send(job)).catch((error) => this.fail(job, problemOf(error)));
    return job;
  }

  /**
   * Ask for an operation that needs no upload: on a finished job (`params.source`), or on words alone; returns the job's id
   * at once. `file`: what the picture was made from, to compare it with.
   */
  order(operation, params, engine, name, file = null) {
    const job = uuid();
    if (file) this.files.set(job, file);
    const order = { type: "submit", job, operation, engine, upload: null, params, detached: true };
    const known = { job, name: clipped(name, NAME), operation, state: "sending", fraction: 0, stage: text.asking };
    this.jobs.set(job, { ...known, created: Date.now() / 1000, mine: true, order });
    this.changed(job);
    this.submitted(job).catch((error) => this.fail(job, problemOf(error)));
    return job;
  }

  async submitted(job) {
    this.update(job, { state: "queued", fraction: 0, stage: "", watched: true, asking: true });
    const heard = this.connection.ask(this.jobs.get(job).order, "queued", "started", "progress", "done", "failed");
    await heard.finally(() => this.jobs.has(job) && this.update(job, { asking: false }));
  }

  async send(job) {
    const { order, name, state } = this.jobs.get(job);
    if (state !== "sending") return; // cancelled before it began
    const file = this.files.get(job);
    this.refuse(file);
    const read = async (offset, length) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
    const moved = (have, size) => this.update(job, { fraction: have / size });
    const upload = this.connection.upload(order.upload, { size: file.size, read }, { name, kind: "file" }, moved);
    this.uploads.set(job, upload);
    await upload.done.finally(() => this.uploads.delete(job));
    await this.submitted(job);
  }

  refuse(file) {
    if (file.size === 0) throw new Refusal(problem(text.empty(file.name), text.emptyMore));
    const limit = this.connection.welcome?.limits.upload ?? Infinity;
    if (file.size > limit) throw new Refusal(problem(text.tooLarge(file.name), text.tooLargeMore(limit)));
  }

  /** Whether it can be asked for once more from here. */
  repeats(job) {
    const order = this.jobs.get(job)?.order;
    return order !== undefined && (order.upload === null || this.files.has(job));
  }

  /** The same file, the same wishes, a new job. */
  again(job) {
    const { order, name } = this.jobs.get(job);
    const file = this.files.get(job);
    if (order.upload !== null) return this.submit(file, order.params, order.engine);
    return this.order(order.operation, order.params, order.engine, name, file);
  }

  fail(job, why) {
    const state = why.code === "cancelled" ? "cancelled" : "failed";
    if (this.jobs.has(job)) this.update(job, { state, problem: why });
  }

  /** Follow a job: its whole state comes, then what changes. */
  watch(job) {
    const known = this.jobs.get(job) ?? { job, name: "", state: "queued", fraction: 0, stage: "", mine: true };
    this.jobs.set(job, { ...known, watched: true, layers_ready: [] });
    this.connection.say({ type: "watch", job });
  }

  cancel(job) {
    const upload = this.uploads.get(job);
    if (upload) return upload.stop();
    if (this.jobs.get(job)?.state === "sending") return this.fail(job, { code: "cancelled", sentence: text.stateOf.cancelled, remedy: "", retryable: true });
    return this.connection.say({ type: "cancel", job });
  }

  async drop(job) {
    await this.connection.ask({ type: "drop", job }, "dropped").catch((error) => {
      if (problemOf(error).code !== "unknown-job") throw error;
    });
    this.forget(job);
  }

  async keep(job, keep) {
    const { jobs } = await this.connection.ask({ type: "keep", job, keep }, "job_list");
    for (const info of jobs) this.update(info.job, info);
  }

  pair() {
    return this.connection.ask({ type: "pair" }, "pairing");
  }

  devices() {
    return this.connection.ask({ type: "devices" }, "device_list");
  }

  revoke(device) {
    return this.connection.ask({ type: "revoke", device }, "device_list");
  }

  forget(job) {
    const known = this.jobs.get(job);
    if (known?.preview) URL.revokeObjectURL(known.preview);
    this.jobs.delete(job);
    this.files.delete(job);
    this.changed(job);
  }

  update(job, news) {
    this.jobs.set(job, { ...this.jobs.get(job), ...news });
    this.changed(job);
  }

  changed(job) {
    this.tell("job", this.jobs.get(job) ?? { job, state: "gone" });
  }

  hear(message) {
    this.heard[message.type]?.call(this, message);
  }

  /** What each piece of news means for the job that it is about. */
  heard = {
    queued: ({ job, position }) => this.update(job, { state: "queued", position }),
    started: ({ job, engine, attempt }) => {
      this.update(job, { state: "running", position: null, engine, attempt });
      if (this.latest === undefined) this.askEngines();
    },
    progress: ({ job, stage, fraction, eta }) => this.update(job, { state: "running", stage, fraction, eta }),
    preview: ({ job, png }) => {
      const last = this.jobs.get(job)?.preview;
      if (last) URL.revokeObjectURL(last);
      this.update(job, { preview: URL.createObjectURL(new Blob([png], { type: "image/png" })) });
    },
    layer: ({ job, layer }) => {
      const ready = (this.jobs.get(job)?.layers_ready ?? []).filter(({ index }) => index !== layer.index);
      this.update(job, { layers_ready: [...ready, layer] });
    },
    done: (done) => this.update(done.job, { state: "done", fraction: 1, done, layers: done.layers, width: done.width, height: done.height, depth: done.depth }),
    failed: ({ job, state, problem: why }) => this.update(job, { state, problem: why }),
    dropped: ({ job }) => this.forget(job),
    device_list: ({ devices }) => this.tell("devices", devices),
    refused: ({ about, job, problem: why }) => {
      if (about === "watch" && job !== null) this.update(job, { state: "failed", problem: problem(text.gone, text.goneMore), lost: true });
      else this.tell("refused", { about, problem: why });
    },
  };

  /** The server's list of all jobs: what was on the last one and is not on this one is gone. */
  list(jobs) {
    const now = new Set(jobs.map(({ job }) => job));
    for (const job of this.listed) if (!now.has(job) && jobs.length < LISTED) this.forget(job);
    for (const info of jobs) this.jobs.set(info.job, { ...this.jobs.get(info.job), ...info });
    this.listed = now;
    this.tell("jobs", this.jobs);
  }
}
