/** What a process of clients is to do, and what it saw. Told between processes, so plain data. */

/** What a client does that was told `busy`: as it was told, at once again, or nothing more. */
export type OnBusy = "obey" | "insist" | "drop";

export type LoadPlan = {
  readonly port: number;
  readonly connections: number;
  /** Of all connections together, whether answers come or not. */
  readonly perSecond: number;
  /** How a request goes on after its id: `"action":"upper","payload":"hola"`. */
  readonly request: string;
  readonly onBusy: OnBusy;
  /** Nothing is begun after it; what is unanswered then is waited for. */
  readonly seconds: number;
  /** Ends after so many, if that is sooner. */
  readonly count?: number;
  /** A connection with so many unanswered begins none until some are. */
  readonly unansweredEach?: number;
};

export type LoadReport = {
  /** Requests begun; a repeat is none. */
  readonly asked: number;
  readonly letIn: number;
  /** Ended with neither `busy` nor what was asked for. */
  readonly failed: number;
  /** Answers `busy`, to repeats too. */
  readonly busy: number;
  /** Refused and not asked again. */
  readonly dropped: number;
  /** Not answered, or still resting, when it was over. */
  readonly open: number;
  /** From when a request was due to its last answer, with all its rests. */
  readonly latenciesMs: readonly number[];
  /** Of repeats at the told time: how many there were, and how many were let in. */
  readonly repeats: number;
  readonly repeatsLetIn: number;
  /** Of requests let in after `busy`: how long the first answer said, and after how long they came and were let in. */
  readonly waits: readonly { readonly toldMs: number; readonly trueMs: number }[];
  /** Let in, by second since the begin. */
  readonly letInBySecond: readonly number[];
};
