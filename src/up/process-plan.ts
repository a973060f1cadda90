/** One process of a topology, as data: what is run, what must be there before it, how one sees that it is ready, how it is stopped. */

export type Role = "balancer" | "node" | "gateway" | "worker" | "queue" | "store" | "blobs";

/** What a process told of its tasks, since it was started. */
export type Figures = { readonly done: number; readonly failed: number; readonly inFlight: number };

export type Health =
  | { readonly isReady: true; readonly figures: Figures | null }
  | { readonly isReady: false; readonly why: string };

export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whom it runs as where we are root; null: as we do. */
  readonly user: string | null;
};

export type ProcessPlan = {
  readonly name: string;
  readonly role: Role;
  readonly host: string;
  /** Null: any, and it tells those who need to know. */
  readonly port: number | null;
  /** Names of those that must have been ready before it is started. */
  readonly after: readonly string[];
  /** Before each start: what it needs on the disk. */
  readonly prepare?: () => Promise<void>;
  readonly command: () => Command;
  readonly logFile: string;
  /** Never rejects. */
  readonly check: () => Promise<Health>;
  /** What makes it stop in order. */
  readonly stopSignal: NodeJS.Signals;
  /** How long that may take; null: as long as it takes. */
  readonly stopWithinMs: number | null;
  readonly endWith?: "KILL" | "QUIT";
  /** An exit with this code is no accident: started again, it would say the same. */
  readonly hopelessCode?: number;
};
