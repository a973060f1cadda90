/** How many senders ask again and again, whether they are let in or not: those of about the last second. Who asks once is none. */
export class SeenSenders {
  #once = new Set<object>();
  #again = new Set<object>();
  #before = 0;
  /** Known to ask again; many of one sender come in a row. */
  #latest: object | null = null;

  get count(): number {
    return Math.max(this.#before, this.#again.size);
  }

  note(sender: object): void {
    if (sender === this.#latest) return;
    if (!this.#once.has(sender)) {
      this.#once.add(sender);
      return;
    }
    this.#latest = sender;
    this.#again.add(sender);
  }

  /** To be called about once a second. */
  turn(): void {
    this.#before = this.#again.size;
    this.#once = new Set();
    this.#again = new Set();
    this.#latest = null;
  }
}
