import type { Client } from "../client/typed.ts";
import type { Terminal } from "./terminal.ts";

/** One word after `tanda`: what it says of itself, and what it does. */
export type Verb = {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** After `tanda`: "run ACTION [PAYLOAD]". */
  readonly usage: readonly string[];
  readonly examples: readonly { readonly command: string; readonly says: string }[];
  /** More that help shows, a paragraph each. */
  readonly notes?: readonly string[];
  readonly flags: Flags;
  /** How many words it takes besides flags. */
  readonly words: { readonly min: number; readonly max: number };
  /** @returns the exit code. */
  run(input: VerbInput): Promise<number>;
};

export type Flags = { readonly [name: string]: Flag };
export type Flag = {
  readonly says: string;
  /** The word help shows for its value; without one it is a switch. */
  readonly value?: string;
  readonly short?: string;
  /** The title it stands under in help: "Flags". */
  readonly group?: string;
};

export type VerbInput = {
  readonly words: readonly string[];
  readonly given: Given;
  readonly terminal: Terminal;
  /** The address from --server, TANDA_SERVER or the default. */
  readonly server: string;
  readonly token: string | undefined;
  /** Authorities for tandas://, in PEM. @throws UsageError when the file cannot be read. */
  readonly ca: () => string | undefined;
  /** A connected client, closed when the verb is over. */
  readonly connect: () => Promise<Client>;
};

/** The flags that were given. */
export class Given {
  readonly #values: ReadonlyMap<string, string | true>;
  readonly #all: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, string | true>, all: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
    this.#all = all;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** Of a flag that may be given several times. */
  texts(name: string): readonly string[] {
    return this.#all.get(name) ?? [];
  }

  /** @throws UsageError when it is not a whole number of at least `min`. */
  count(name: string, min = 0): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text.replaceAll("_", ""));
    if (!Number.isSafeInteger(value) || value < min) {
      throw new UsageError(`--${name} takes a whole number of at least ${min}, not ${JSON.stringify(text)}`);
    }
    return value;
  }
}

/** What was typed makes no sense; exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
