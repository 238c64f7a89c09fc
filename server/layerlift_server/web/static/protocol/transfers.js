/**
 * One upload, one download: bytes under credit, resumed at the right offset when the connection was lost in between.
 *
 * Law: knows messages, no socket and no DOM. A `line` is what the connection lends a transfer while it stands:
 * {transfer, chunk, window, say(message)}. A lost line ends nothing: `begin` with the next one goes on.
 */

/** The server would not follow; `problem` is {code, sentence, remedy, retryable}. */
export class Refusal extends Error {
  constructor(problem) {
    super(problem.sentence);
    this.problem = problem;
  }
}

class Transfer {
  constructor(onprogress) {
    this.onprogress = onprogress;
    this.line = null;
    this.ended = false;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.done.catch(() => {}); // whoever awaits it hears of it; nobody has to
  }

  lost() {
    this.line = null;
  }

  fail(error) {
    if (this.ended) return;
    this.ended = true;
    this.line = null;
    this.reject(error);
  }

  finish(value) {
    this.ended = true;
    this.line = null;
    this.resolve(value);
  }

  /** Give up: the other side hears it, `done` is rejected. */
  stop() {
    if (this.ended) return;
    if (this.line !== null) this.line.say({ type: "stop", transfer: this.line.transfer });
    this.fail(new Refusal({ code: "cancelled", sentence: "Cancelled.", remedy: "", retryable: true }));
  }
}

/**
 * Bytes on their way up. `source` is {size, read(offset, length) → Promise of a Uint8Array}; `upload` the UUID under which
 * the server keeps them. `done` resolves with that UUID once the server has everything.
 */
export class Upload extends Transfer {
  constructor(upload, source, document, onprogress = () => {}) {
    super(onprogress);
    Object.assign(this, { upload, source, document });
  }

  begin(line) {
    this.line = line;
    line.say({ type: "put", transfer: line.transfer, upload: this.upload, size: this.source.size, document: this.document });
  }

  async hear(message) {
    if (message.type === "ready") {
      this.sent = this.acknowledged = message.offset;
      this.onprogress(this.acknowledged, this.source.size);
      if (this.acknowledged === this.source.size) this.finish(this.upload);
      else await this.pump(this.line);
    } else if (message.type === "ack") {
      const stalled = this.room() === 0;
      this.acknowledged = message.offset;
      this.onprogress(this.acknowledged, this.source.size);
      if (this.acknowledged >= this.source.size) this.finish(this.upload);
      else if (stalled) await this.pump(this.line);
    }
  }

  /** How many bytes may go out now. */
  room() {
    const left = Math.min(this.source.size - this.sent, this.acknowledged + this.line.window - this.sent);
    return Math.min(left, this.line.chunk);
  }

  async pump(line) {
    try {
      for (let room = this.room(); room > 0; room = this.room()) {
        const data = await this.source.read(this.sent, room);
        if (this.line !== line) return; // lost or stopped while reading
        if (data.length !== room) throw new Error("the file became shorter while it was read");
        line.say({ type: "chunk", transfer: line.transfer, offset: this.sent, data });
        this.sent += room;
      }
    } catch (error) {
      if (this.line === line) {
        line.say({ type: "stop", transfer: line.transfer });
        this.fail(error);
      }
    }
  }
}

/**
 * A layer's pixels (or, `layer` null, the profile) on their way down. `sink` is {open(size), write(offset, data)}; `data` is
 * a view into a buffer that the sink may keep. `done` resolves with the number of bytes.
 */
export class Download extends Transfer {
  constructor(job, layer, sink, onprogress = () => {}) {
    super(onprogress);
    Object.assign(this, { job, layer, sink, have: 0, size: null });
  }

  begin(line) {
    this.line = line;
    this.acknowledged = this.have;
    line.say({ type: "get", transfer: line.transfer, job: this.job, layer: this.layer, offset: this.have });
  }

  async hear(message) {
    if (message.type === "ready") {
      if (this.size === null) this.sink.open(message.size);
      else if (this.size !== message.size) return this.fail(new Error("the layer changed while it was pulled"));
      this.size = message.size;
      if (this.have === this.size) this.finish(this.size);
    } else if (message.type === "chunk") {
      const { length } = message.data; // a sink may give the buffer away
      if (message.offset !== this.have || this.have + length > this.size) {
        return this.fail(new Error("bytes came at the wrong place"));
      }
      this.sink.write(message.offset, message.data);
      this.have += length;
      this.credit();
    }
  }

  credit() {
    const all = this.have === this.size;
    if (all || this.have - this.acknowledged >= this.line.window / 4) {
      this.acknowledged = this.have;
      this.line.say({ type: "ack", transfer: this.line.transfer, offset: this.have });
    }
    this.onprogress(this.have, this.size);
    if (all) this.finish(this.size);
  }
}
