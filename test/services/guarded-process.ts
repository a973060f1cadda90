/** A server's process that ends with ours, also when ours is killed, as `tanda up` has them; signals go to all of its group. */
import { GuardedProcess as Guarded, type GuardedOptions } from "../../src/up/guarded-process.ts";

export { asUser, giveTo } from "../../src/up/as-user.ts";

export class GuardedProcess {
  readonly #guarded: Guarded;

  constructor(command: string, args: readonly string[], options: GuardedOptions) {
    this.#guarded = new Guarded(command, args, options);
  }

  /** As kill -9 of the server and of all its helpers. Resolves when none of them is left. */
  async kill(): Promise<void> {
    await this.#guarded.kill();
  }

  /** @returns false when nobody is left. */
  signal(signal: NodeJS.Signals | 0): boolean {
    return this.#guarded.signalAll(signal);
  }
}
