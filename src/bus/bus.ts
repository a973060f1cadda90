/**
 * Hints between the processes of one Tanda: these tasks are final, cancel this, a queue was paused, look for new nodes. The store
 * holds the truth (store/store.ts): a hint only says that it is worth looking now.
 *
 * - Hints MAY be lost, MUST NOT be invented, and SHOULD be few milliseconds under way. Whoever waits for one also polls.
 * - `send` goes to one process by its address, `broadcast` to all but the sender. Both MUST NOT block or throw, whatever
 *   the state of what lies between; what cannot be sent soon is dropped, and memory stays bounded.
 * - Of one sender to one receiver, what was sent comes in the order of sending, what was broadcast in that of broadcasting, and
 *   all of it once; between the two there is no order.
 * - A hint is JSON and small: of one larger than MAX_HINT_CHARS of text nothing is sent, and `send` or `broadcast` says false.
 * - Receivers MUST ignore a `type` they do not know: processes of two versions live side by side while one is rolled out.
 * - `onGap` is called after hints may have been lost that were for us, so that whoever waits can look at once.
 */
export interface Bus extends AsyncDisposable {
  /** Where others reach this process. The same for as long as the bus is open. */
  readonly address: string;
  /** @returns false when it is known that it does not go out. */
  send(address: string, hint: Hint): boolean;
  broadcast(hint: Hint): boolean;
  onHint(listener: (hint: Hint) => void): void;
  onGap(listener: () => void): void;
  /** Nothing comes in any more; what was sent shortly before may be lost. */
  close(): Promise<void>;
}

/** What else is in it is agreed between those who send and read this type. */
export type Hint = { readonly type: string; readonly [field: string]: unknown };

/** With the frame around it, it fits what the narrowest driver carries (8,000 bytes, were every character three of them). */
export const MAX_HINT_CHARS = 2500;
