/**
 * One conversation with a server over as many websockets as it takes: greets, asks, transfers, and after a lost
 * connection greets again, repeats what was not answered and resumes every transfer where it was.
 *
 * Law: no DOM; of the browser only WebSocket, setTimeout and (in identity.js) crypto.getRandomValues. Every question of
 * the protocol may be asked twice, so repeating it is safe.
 *
 *     idle ─open→ connecting ─Welcome→ open ─lost→ waiting ─later→ connecting
 *     any ─close, refused→ shut ─open→ connecting
 */

import { CodecError } from "./codec.js";
import { OLDEST, PROTOCOL, decodeMessage, encodeMessage } from "./messages.js";
import { Download, Refusal, Upload } from "./transfers.js";

/** Close codes after which trying again cannot help: malformed, not authenticated, out of step, too large. */
const FINAL = new Set([4400, 4401, 4409, 4413]);
/** Milliseconds before the next try; the last one repeats. */
const DELAYS = [250, 500, 1000, 2000, 4000];

export class Connection {
  /**
   * `hello`: {client: {name, version}, token?, code?, device?}. `hooks`: onstate(state, connection), onmessage(message) for
   * everything that answers no question and belongs to no transfer.
   */
  constructor(address, hello, { onstate = () => {}, onmessage = () => {}, delays = DELAYS, Socket = WebSocket } = {}) {
    Object.assign(this, { address, hello, onstate, onmessage, delays, Socket });
    this.state = "idle";
    this.socket = null;
    this.welcome = null;
    this.problem = null; // why the server would not talk
    this.code = null; // of the last close
    this.tries = 0;
    this.questions = [];
    this.transfers = new Map();
    this.waiting = [];
    this.next = 1;
  }

  /** Begin; also anew after the end, when whatever shut it (a revoked cookie, say) may have changed. */
  open() {
    if (this.state === "connecting" || this.state === "open") return;
    clearTimeout(this.timer);
    this.problem = null;
    this.enter("connecting");
    const socket = new this.Socket(this.address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const mine = (handle) => (event) => this.socket === socket && handle(event);
    socket.onopen = mine(() => this.say({ type: "hello", protocol: PROTOCOL, oldest: OLDEST, ...this.hello }));
    socket.onmessage = mine((event) => this.hear(event.data));
    socket.onclose = mine((event) => this.lost(event.code));
  }

  close() {
    this.shut(1000);
  }

  /** Say something that has no answer of its own. Nothing is said while there is no connection. */
  say(message) {
    if (this.socket === null || this.socket.readyState !== 1) return false;
    this.socket.send(encodeMessage(message));
    return true;
  }

  /** Ask; resolves with the first message of one of the `answers` (about the same job), rejects with a Refusal. */
  ask(message, ...answers) {
    return new Promise((resolve, reject) => {
      if (this.state === "shut") return reject(this.gone());
      const question = { message, answers, resolve, reject };
      this.questions.push(question);
      if (this.state === "open") this.say(message);
    });
  }

  /** Send bytes up; see Upload. */
  upload(upload, source, document, onprogress) {
    return this.begin(new Upload(upload, source, document, onprogress));
  }

  /** Pull a layer down; see Download. */
  download(job, layer, sink, onprogress) {
    return this.begin(new Download(job, layer, sink, onprogress));
  }

  begin(transfer) {
    if (this.state === "shut") transfer.fail(this.gone());
    else if (this.state === "open") this.lend(transfer);
    else this.waiting.push(transfer);
    return transfer;
  }

  lend(transfer) {
    if (transfer.ended) return;
    const number = this.next;
    this.next += 1;
    this.transfers.set(number, transfer);
    const { chunk, window } = this.welcome;
    transfer.begin({ transfer: number, chunk, window, say: (message) => this.say(message) });
  }

  hear(data) {
    let message;
    try {
      if (typeof data === "string") throw new CodecError("a text message");
      message = decodeMessage(new Uint8Array(data));
      if (this.state === "connecting" && message.type !== "welcome" && message.type !== "refused") {
        throw new CodecError(`${message.type} before welcome`);
      }
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.problem = { code: "malformed", sentence: `The server cannot be understood: ${error.message}.`, remedy: "", retryable: false };
      return this.shut(4400);
    }
    if (message.type === "welcome") this.greeted(message);
    else if (message.transfer !== undefined && message.transfer !== null) this.pass(message);
    else if (!this.answered(message)) this.onmessage(message);
  }

  greeted(welcome) {
    this.welcome = welcome;
    this.tries = 0;
    this.problem = null;
    this.enter("open");
    for (const { message } of this.questions) this.say(message);
    const resumed = this.waiting;
    this.waiting = [];
    for (const transfer of resumed) this.lend(transfer);
  }

  pass(message) {
    const transfer = this.transfers.get(message.transfer);
    if (transfer === undefined) return; // stopped here, still spoken of there
    if (message.type === "refused") transfer.fail(new Refusal(message.problem));
    else if (!transfer.ended) transfer.hear(message);
    if (transfer.ended) this.transfers.delete(message.transfer);
  }

  answered(message) {
    if (message.type === "refused" && message.about === "hello") {
      this.problem = message.problem;
      return true;
    }
    const fits = ({ message: asked, answers }) =>
      message.type === "refused"
        ? message.about === asked.type && (message.job === null || message.job === asked.job)
        : answers.includes(message.type) && (message.job === undefined || message.job === asked.job);
    const at = this.questions.findIndex(fits);
    if (at < 0) return false;
    const [question] = this.questions.splice(at, 1);
    if (message.type === "refused") question.reject(new Refusal(message.problem));
    else question.resolve(message);
    return message.type === "refused" || !NEWS.has(message.type);
  }

  lost(code) {
    this.code = code;
    if (FINAL.has(code)) return this.shut(code);
    this.socket = null;
    for (const transfer of this.transfers.values()) {
      if (transfer.ended) continue;
      transfer.lost();
      this.waiting.push(transfer);
    }
    this.transfers.clear();
    const delay = this.delays[Math.min(this.tries, this.delays.length - 1)];
    this.tries += 1;
    this.enter("waiting");
    this.timer = setTimeout(() => this.open(), delay);
  }

  shut(code) {
    if (this.state === "shut") return;
    clearTimeout(this.timer);
    this.code = code;
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState < 2) socket.close(code);
    this.enter("shut");
    const failed = [...this.transfers.values(), ...this.waiting];
    this.transfers.clear();
    this.waiting = [];
    for (const transfer of failed) transfer.fail(this.gone());
    for (const { reject } of this.questions.splice(0)) reject(this.gone());
  }

  gone() {
    return new Refusal(
      this.problem ?? { code: "closed", sentence: "There is no connection to the server.", remedy: "", retryable: true },
    );
  }

  enter(state) {
    this.state = state;
    this.onstate(state, this);
  }
}

/** Answers that are news as well: whoever follows the job wants them, whether they were asked for or not. */
const NEWS = new Set(["queued", "started", "progress", "layer", "done", "failed", "dropped"]);
