/**
 * The page's side of the darkroom: starts one worker for one stack, hands it bytes, hands out what it makes.
 *
 * Law: no pixels here. `close` ends the worker and everything it holds.
 */

import { factorFor } from "./reduce.js";

/** Most bytes of the composite that is kept at full size to measure differences (100 megapixels of 8 bit). */
const WHOLE_BYTES = 400_000_000;

/** The address of our own worker, as a page under Trusted Types wants it said. */
function trusted(address) {
  policy ??= globalThis.trustedTypes?.createPolicy("layerlift-worker", { createScriptURL: (own) => own }) ?? { createScriptURL: (own) => own };
  return policy.createScriptURL(address);
}
let policy = null;

export class Darkroom {
  /** `stack`: {width, height, depth, layers: LayerInfo[]}; `ondeveloped({index, bounds, bitmap, mask})` per layer. */
  constructor(stack, ondeveloped) {
    const { width, height, depth, layers } = stack;
    this.factor = factorFor(width, height, layers.map((layer) => layer.bounds));
    this.whole = (width * height * 4 * depth) / 8 <= WHOLE_BYTES;
    this.ondeveloped = ondeveloped;
    this.answers = new Map();
    this.left = layers.length;
    this.worker = new Worker(trusted(new URL("./darkroom.js", import.meta.url).href), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = () => this.hear({ type: "failed", about: "layer", reason: "the worker stopped" });
    this.worker.postMessage({ do: "begin", width, height, depth, factor: this.factor, whole: this.whole });
    this.developed = this.answer("developed");
  }

  /** Where a download of this layer's bytes goes (see protocol/transfers.js). */
  sink(layer) {
    const { index, bounds, depth, opacity, digest } = layer;
    return {
      open: (size) => this.worker.postMessage({ do: "layer", index, bounds, depth, opacity, digest, size }),
      write: (offset, data) => {
        const { buffer, byteOffset: from, byteLength: length } = data;
        this.worker.postMessage({ do: "bytes", buffer, from, length, offset }, [buffer]);
      },
    };
  }

  /** The document's colour profile, as the server sent it (a sink, like those of layers). */
  profileSink() {
    let icc = null;
    return {
      open: (size) => (icc = new Uint8Array(size)),
      write: (offset, data) => {
        icc.set(data, offset);
        if (offset + data.length === icc.length) this.worker.postMessage({ do: "profile", icc });
      },
    };
  }

  /** Measure against the original → {before, summary} or {size} when that is another size. */
  compare(file) {
    this.worker.postMessage({ do: "compare", file });
    return this.answer("compared");
  }

  /** The measured difference as a bitmap → {gain, bitmap}. */
  amplify(gain) {
    this.worker.postMessage({ do: "amplify", gain });
    return this.answer("amplified");
  }

  close() {
    this.worker.terminate();
  }

  answer(type) {
    return new Promise((resolve, reject) => this.answers.set(type, { resolve, reject }));
  }

  hear(message) {
    if (message.type === "failed") {
      const about = { compare: "compared", amplify: "amplified" }[message.about] ?? "developed";
      this.answers.get(about)?.reject(new Error(message.reason));
    } else if (message.type === "developed") {
      this.ondeveloped(message);
      this.left -= 1;
      if (this.left === 0) this.answers.get("developed").resolve();
    } else {
      this.answers.get(message.type)?.resolve(message);
    }
  }
}
