/**
 * Who is told `busy` again and again is not read for a moment: each refusal costs the node as much as reading a task does, and who
 * asks again at once would take that from those who do as they are told.
 */
const MOST = 50;
const REST_MS = 100;

export class Refusals {
  readonly #onRested: () => void;
  #count = 0;
  #isResting = false;

  constructor(onRested: () => void) {
    this.#onRested = onRested;
  }

  get isResting(): boolean {
    return this.#isResting;
  }

  add(): void {
    if (++this.#count < MOST || this.#isResting) return;
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      this.#count = 0;
      this.#onRested();
    }, REST_MS).unref();
  }
}
