/** One number for each task, in a row that grows: a million tasks are a few megabytes. What was never set is 0. */
type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const FIRST_LENGTH = 1 << 16;

export class Column<T extends Numbers> {
  readonly #Kind: new (length: number) => T;
  #numbers: T;

  constructor(Kind: new (length: number) => T) {
    this.#Kind = Kind;
    this.#numbers = new Kind(FIRST_LENGTH);
  }

  get(n: number): number {
    return this.#numbers[n] ?? 0;
  }

  set(n: number, value: number): void {
    if (n >= this.#numbers.length) {
      const longer = new this.#Kind(Math.max(n + 1, this.#numbers.length * 2));
      longer.set(this.#numbers);
      this.#numbers = longer;
    }
    this.#numbers[n] = value;
  }
}
