/** The bus of processes that are one: a node alone, or several in a test. Hints cross it as copies, as between machines. */
import { type Bus, type Hint, MAX_HINT_CHARS } from "./bus.ts";

export class LocalBus implements Bus {
  readonly address: string;
  readonly #peers: Map<string, LocalBus>;
  #listeners: ((hint: Hint) => void)[] = [];

  /** @param peers who is on the same bus, by address; shared by them all. */
  constructor(address: string, peers: Map<string, LocalBus> = new Map()) {
    this.address = address;
    this.#peers = peers;
    peers.set(address, this);
  }

  send(address: string, hint: Hint): boolean {
    const text = JSON.stringify(hint);
    const peer = this.#peers.get(address);
    if (!peer || text.length > MAX_HINT_CHARS) return false;
    peer.#deliver(text);
    return true;
  }

  broadcast(hint: Hint): boolean {
    const text = JSON.stringify(hint);
    if (text.length > MAX_HINT_CHARS || this.#peers.get(this.address) !== this) return false;
    for (const peer of this.#peers.values()) if (peer !== this) peer.#deliver(text);
    return true;
  }

  onHint(listener: (hint: Hint) => void): void {
    this.#listeners.push(listener);
  }

  /** Nothing is ever lost here. */
  onGap(_listener: () => void): void {}

  async close(): Promise<void> {
    if (this.#peers.get(this.address) === this) this.#peers.delete(this.address);
    this.#listeners = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Later, as from elsewhere: a sender never meets the receiver's code in its own call. */
  #deliver(text: string): void {
    setImmediate(() => {
      for (const listener of this.#listeners) listener(JSON.parse(text) as Hint);
    });
  }
}
