/** Hints as a model: soon there, in the order sent, and sometimes lost. */
import { MAX_HINT_CHARS, type Bus, type Hint } from "../../src/bus/bus.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

export type BusFaults = { lost: number; late: number };

export class BusModel {
  readonly faults: BusFaults = { lost: 0, late: 0 };
  readonly #time: VirtualTime;
  readonly #stops = new Map<string, Stop>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  open(actor: Actor, address: string): Bus {
    const stop = new Stop(this, actor, address);
    this.#stops.set(address, stop);
    return stop;
  }

  leave(address: string): void {
    this.#stops.delete(address);
  }

  send(from: Stop, to: string, hint: Hint): boolean {
    const text = JSON.stringify(hint);
    if (text.length > MAX_HINT_CHARS) return false;
    const stop = this.#stops.get(to);
    if (stop === undefined || this.#time.chance() < this.faults.lost) return true;
    const late = this.#time.chance() < this.faults.late ? this.#time.between(100, 5000) : 0;
    // Of one sender in the order of sending.
    const at = Math.max(from.lastTo.get(to) ?? 0, this.#time.now + this.#time.between(0.1, 2) + late);
    from.lastTo.set(to, at);
    this.#time.after(at - this.#time.now, stop.actor, () => stop.hear(JSON.parse(text) as Hint));
    return true;
  }

  addresses(): string[] {
    return [...this.#stops.keys()];
  }

  /** All that is under way to everybody may be lost, and they know. */
  break(): void {
    for (const stop of this.#stops.values())
      this.#time.after(this.#time.between(1, 300), stop.actor, () => stop.gap());
  }
}

class Stop implements Bus {
  readonly address: string;
  readonly actor: Actor;
  readonly lastTo: Map<string, number> = new Map();
  readonly #bus: BusModel;
  #onHint: (hint: Hint) => void = () => {};
  #onGap: () => void = () => {};

  constructor(bus: BusModel, actor: Actor, address: string) {
    this.#bus = bus;
    this.actor = actor;
    this.address = address;
  }

  send(address: string, hint: Hint): boolean {
    return this.#bus.send(this, address, hint);
  }

  broadcast(hint: Hint): boolean {
    const others = this.#bus.addresses().filter((address) => address !== this.address);
    return others.every((address) => this.#bus.send(this, address, hint));
  }

  onHint(listener: (hint: Hint) => void): void {
    this.#onHint = listener;
  }

  onGap(listener: () => void): void {
    this.#onGap = listener;
  }

  hear(hint: Hint): void {
    this.#onHint(hint);
  }

  gap(): void {
    this.#onGap();
  }

  async close(): Promise<void> {
    this.#bus.leave(this.address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
