import type { NodeOptions } from "./options.ts";

/** Options as they are read, one flag after another. */
export type Draft = { -readonly [Name in keyof NodeOptions]?: NodeOptions[Name] } & {
  clusterSecretFile?: string;
  certFile?: string;
  keyFile?: string;
};

export type NodeFlag = {
  readonly name: string;
  /** The word help shows for its value; without one it is a switch, and is told "yes". */
  readonly value?: string;
  /** As it is shown to a person. */
  readonly default: string;
  readonly says: string;
  /** One of the many bounds of the gateway, which few ever set. */
  readonly isLimit?: true;
  /** Where a server is; a password may stand in it, but not where `ps` shows it. */
  readonly isAddress?: true;
  /** Given in the environment alone: `ps` shows flags. */
  readonly isVariable?: true;
  readonly apply: (draft: Draft, text: string) => void;
};
