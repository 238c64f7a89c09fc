/** Who wants to hear of what. Law: a map of functions, nothing else. */

export class Listeners {
  #wanted = new Map();

  /** Call `listener` with every piece of news of this kind; returns how to stop. */
  on(kind, listener) {
    const all = this.#wanted.get(kind) ?? new Set();
    this.#wanted.set(kind, all.add(listener));
    return () => all.delete(listener);
  }

  tell(kind, news) {
    for (const listener of [...(this.#wanted.get(kind) ?? [])]) listener(news);
  }
}
