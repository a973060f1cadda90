/** All connections of a gateway: counted, looked after about once a second, closed together. */
import type { Socket } from "node:net";
import { cutOff } from "./cut-off.ts";
import type { Limits } from "./limits.ts";

/** What is at the other side of a connection, through all that it becomes: arriving, lines, HTTP, WebSocket. */
export class Peer {
  /** What is spoken through: inside TLS, when there is some. */
  socket: Socket;
  readonly isLoopbackListener: boolean;
  /** The client's own, also behind a balancer that sends a PROXY header. */
  address: string;
  duty: Duty;

  constructor(socket: Socket, isLoopbackListener: boolean, duty: Duty) {
    this.socket = socket;
    this.isLoopbackListener = isLoopbackListener;
    this.address = socket.remoteAddress ?? "";
    this.duty = duty;
  }
}

export interface Duty {
  /** Time has passed: close what is over its time. */
  sweep(now: number): void;
  /** Close at once when idle, else when what is in flight is answered. */
  drain(): void;
}

export class Connections {
  readonly #limits: Limits;
  readonly #peers = new Set<Peer>();
  readonly #byAddress = new Map<string, number>();
  #onEmpty: (() => void)[] = [];
  /** Who was there when a drain began, and is still. */
  #seenOut = new Set<Peer>();
  #onSeenOut: (() => void)[] = [];
  refused = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#peers.size;
  }

  /** @returns false, and the socket is closed, when there are too many. Costs next to nothing then. */
  add(peer: Peer): boolean {
    if (this.#peers.size >= this.#limits.connections || !this.#countIn(peer.address)) {
      this.refused++;
      peer.socket.destroy();
      return false;
    }
    this.#peers.add(peer);
    peer.socket.once("close", () => this.#remove(peer));
    return true;
  }

  /** The PROXY header told who it really is. @returns false, and the socket is closed, when that one has too many. */
  rename(peer: Peer, address: string): boolean {
    this.#countOut(peer.address);
    peer.address = address;
    if (this.#countIn(address)) return true;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    this.refused++;
    peer.socket.destroy();
    return false;
  }

  /** @returns who was closed, because all together leave more unread than the node may hold. */
  sweep(now: number): Peer[] {
    for (const peer of this.#peers) peer.duty.sweep(now);
    return this.#relieve();
  }

  /** Who leaves most unread goes first. */
  #relieve(): Peer[] {
    let unread = 0;
    for (const { socket } of this.#peers) unread += socket.writableLength;
    const closed: Peer[] = [];
    if (unread <= this.#limits.nodeBytes) return closed;
    const deafest = [...this.#peers].sort((a, b) => b.socket.writableLength - a.socket.writableLength);
    for (const peer of deafest) {
      if (unread <= this.#limits.nodeBytes) break;
      unread -= peer.socket.writableLength;
      cutOff(peer.socket);
      closed.push(peer);
    }
    return closed;
  }

  /** @returns a promise that resolves when all are gone that are there now. Others may come meanwhile. */
  drain(): Promise<void> {
    for (const peer of this.#peers) {
      this.#seenOut.add(peer);
      peer.duty.drain();
    }
    if (this.#seenOut.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onSeenOut.push(resolve));
  }

  destroy(): void {
    for (const peer of this.#peers) peer.socket.destroy();
  }

  whenEmpty(): Promise<void> {
    if (this.#peers.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  #remove(peer: Peer): void {
    this.#peers.delete(peer);
    this.#countOut(peer.address);
    if (this.#seenOut.delete(peer) && this.#seenOut.size === 0) tell(this.#onSeenOut);
    if (this.#peers.size === 0) tell(this.#onEmpty);
  }

  #countIn(address: string): boolean {
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#limits.addressConnections) return false;
    this.#byAddress.set(address, count + 1);
    return true;
  }

  #countOut(address: string): void {
    const count = (this.#byAddress.get(address) ?? 0) - 1;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
  }
}

function tell(listeners: (() => void)[]): void {
  for (const listener of listeners.splice(0)) listener();
}

/** Told to go; closed for good when the other side does not close in time. */
export class Leaving implements Duty {
  readonly #socket: Socket;
  readonly #until: number;

  constructor(socket: Socket, until: number) {
    this.#socket = socket;
    this.#until = until;
    socket.once("end", () => socket.destroySoon());
  }

  sweep(now: number): void {
    if (now > this.#until) this.#socket.destroy();
  }

  drain(): void {
    this.#socket.destroySoon();
  }
}
