import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of buffers that are still in use, at most. */
export class LiveBytes {
  readonly #collect: () => void;
  readonly #before: number;
  most = 0;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.#collect = runInNewContext("gc") as () => void;
    this.#collect();
    this.#before = process.memoryUsage().arrayBuffers;
  }

  look(): void {
    this.#collect();
    this.most = Math.max(this.most, process.memoryUsage().arrayBuffers - this.#before);
  }
}
