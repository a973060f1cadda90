import type { Line } from "../protocol/reply.ts";

/** Where answers go and how reading is held back. Answers written in a turn are sent by `flush`. */
export interface Outlet {
  write(line: Line): void;
  flush(): void;
  /** Bytes that the client has not taken yet. */
  readonly unreadBytes: number;
  setReading(isReading: boolean): void;
  /** All is answered and the client, or the node, wants to end; or he may not stay. */
  finish(why?: "unauthorized"): void;
}
