/** Runs inputs of any kind, and of those that fail finds which, and the least that fails. */
import { DOOR_KINDS, Doors, type DoorKind, type Held } from "./doors.ts";
import type { Kind } from "./inputs.ts";
import { minimised } from "./minimise.ts";
import { tryParcel } from "./parcels.ts";
import { tryReaders } from "./parsers.ts";
import { tryRows } from "./rows.ts";

/** `input` is null where only all of them together did it. */
export type Failure = { readonly kind: Kind; readonly why: string; readonly input: Buffer | null };

/** Of the readers each input is given to so many: others meet others. */
const SHARE = 0.4;
const MINIMISE_MS = 20_000;
const SEARCH_MS = 60_000;

export class Trials implements AsyncDisposable {
  readonly #doors = new Doors();

  get held(): Held | null {
    return this.#doors.held;
  }

  get answered(): number {
    return this.#doors.answered;
  }

  /** @param isThorough each is given to all that reads. */
  async run(kind: Kind, inputs: readonly Buffer[], isThorough = false): Promise<Failure[]> {
    const { each, all } = await this.#tryAll(kind, inputs, isThorough ? 1 : SHARE);
    const failures: Failure[] = [];
    const first = all ?? each.find((why) => why !== null);
    if (first) console.log(`${kind}: ${first.slice(0, 300)} (looking for the least that does it)`);
    for (const [index, why] of each.entries()) {
      if (why !== null && failures.length < 2) failures.push(await this.#least(kind, inputs[index]!, why));
    }
    if (all !== null) failures.push(await this.#culprit(kind, inputs, all));
    return failures;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#doors[Symbol.asyncDispose]();
  }

  async #tryAll(
    kind: Kind,
    inputs: readonly Buffer[],
    share: number,
  ): Promise<{ each: (string | null)[]; all: string | null }> {
    if (isDoor(kind)) return this.#doors.tryAll(kind, inputs);
    if (kind === "rows") return tryRows(inputs);
    const each: (string | null)[] = [];
    for (const input of inputs)
      each.push(kind === "parcels" ? tryParcel(input) : await tryReaders(input, share));
    return { each, all: null };
  }

  async #least(kind: Kind, input: Buffer, why: string): Promise<Failure> {
    let last = why;
    // A cut must fail for the same reason, as far as that can be told.
    const cause = why.slice(0, 25);
    const fails = async (shorter: Buffer): Promise<boolean> => {
      const { each, all } = await this.#tryAll(kind, [shorter], 1);
      const told = each[0] ?? all;
      if (told === null || !told.startsWith(cause)) return false;
      last = told;
      return true;
    };
    if (!(await fails(input))) return { kind, why: `${why} (in company only)`, input };
    return { kind, input: await minimised(input, fails, MINIMISE_MS), why: last };
  }

  /** Something is wrong with the whole: which of them alone does it? */
  async #culprit(kind: Kind, inputs: readonly Buffer[], why: string): Promise<Failure> {
    const cause = why.slice(0, 13);
    const until = performance.now() + SEARCH_MS;
    for (const input of inputs) {
      if (performance.now() > until) break;
      const { all } = await this.#tryAll(kind, [input], 1);
      if (all?.startsWith(cause)) return this.#least(kind, input, all);
    }
    return { kind, why, input: null };
  }
}

function isDoor(kind: Kind): kind is DoorKind {
  return (DOOR_KINDS as readonly string[]).includes(kind);
}
