// What the server has told, by key, and who wants to know of a change.

export class Store {
  #values = new Map();
  #watchers = [];
  #changed = new Set();
  #shift = 0;
  #isScheduled = false;
  calls = [];

  /** Seconds since the epoch, by the server's clock. */
  get now() {
    return Date.now() / 1000 + this.#shift;
  }

  get(key) {
    return this.#values.get(key);
  }

  /** Every [key, value] whose key begins so. */
  all(prefix) {
    return [...this.#values].filter(([key]) => key.startsWith(prefix));
  }

  /** Call `render` once now and after every change of a key that begins with one of the prefixes. */
  watch(prefixes, render) {
    this.#watchers.push({ prefixes, render });
    render();
  }

  /** Draw again whatever depends on a prefix: after a change of the page's own state. */
  touch(key) {
    this.#changed.add(key);
    this.#schedule();
  }

  /** Take in one message of the server. */
  apply({ now, set, calls }) {
    this.#shift = now - Date.now() / 1000;
    for (const [key, value] of Object.entries(set)) {
      if (value === null) this.#values.delete(key);
      else this.#values.set(key, value);
      this.#changed.add(key);
    }
    if (calls.length) {
      this.calls = [...this.calls, ...calls].slice(-600);
      this.#changed.add('@calls');
    }
    this.#schedule();
  }

  /** Forget everything: the server was started anew. */
  clear() {
    for (const key of this.#values.keys()) this.#changed.add(key);
    this.#values.clear();
    this.calls = [];
    this.#schedule();
  }

  #schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Not requestAnimationFrame: a page in the background is to stay true as well.
    setTimeout(() => this.#notify(), 16);
  }

  #notify() {
    this.#isScheduled = false;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const { prefixes, render } of this.#watchers) {
      if (changed.some((key) => prefixes.some((prefix) => key.startsWith(prefix)))) render();
    }
  }
}
