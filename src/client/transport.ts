/**
 * A way to one node that carries lines. `open` starts a connection and returns at once; what happens is told to the receiver:
 * first `opened`, then `lines` any number of times, and `closed` exactly once, last, also when it never opened.
 */
export interface Transport {
  /** For messages to people: "127.0.0.1:9000". */
  readonly name: string;
  open(receiver: Receiver): Connection;
}

export interface Connection {
  /** One or more whole lines, each ended by a newline. MUST keep their order. Ignored when closed. */
  send(lines: string): void;
  /** Lets what was sent arrive, then closes. */
  close(): void;
  /** Closes at once. */
  abort(): void;
}

export interface Receiver {
  opened(): void;
  /** Without their newlines; as many as one read brought. */
  lines(lines: readonly string[]): void;
  /** A TandaError `too_large` when the node does not take a line of ours for its length. */
  closed(reason: Error | null): void;
}

/** Runs `task` once, when the lines of this turn are gathered. */
export type Soon = (task: () => void) => void;

/** What differs between Node and browsers besides the transport. */
export type Platform = {
  readonly soon: Soon;
  /** Whether fetch takes a stream as a body over HTTP/1.1. */
  readonly canUploadStreams: boolean;
  /** How nodes are asked over HTTP, where not as `fetch` does. */
  readonly fetch?: typeof fetch;
  /** In lower-case hex; null where it cannot be had without holding too much in memory. Absent: blobs go through nodes only. */
  readonly sha256?: (bytes: Blob) => Promise<string | null>;
};
