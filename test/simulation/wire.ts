/**
 * Connections as a model: the real client on one side, a real session of a gateway on the other, and lines between them that take time,
 * or break: what was under way is lost then, and each side learns of it when it does.
 */
import type { Connection, Receiver, Transport } from "../../src/client/transport.ts";
import { Askers } from "../../src/gateway/askers.ts";
import { Budget } from "../../src/gateway/budget.ts";
import { Connections } from "../../src/gateway/connections.ts";
import { ownOf, type GatewayContext } from "../../src/gateway/context.ts";
import { Door } from "../../src/gateway/door.ts";
import { EventTexts } from "../../src/gateway/event-texts.ts";
import { GuardedEngine } from "../../src/gateway/guarded-engine.ts";
import { withLimits } from "../../src/gateway/limits.ts";
import { LongAnswers } from "../../src/gateway/long-answers.ts";
import { Pace } from "../../src/gateway/pace.ts";
import { ReadTurns } from "../../src/gateway/read-turns.ts";
import { Refusals } from "../../src/gateway/refusals.ts";
import type { Outlet } from "../../src/gateway/outlet.ts";
import { Session } from "../../src/gateway/session.ts";
import { Shares } from "../../src/gateway/shares.ts";
import { Turn } from "../../src/gateway/turn.ts";
import { joined, type Line } from "../../src/protocol/reply.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** What stands before a node's engine, while it lives. */
export class Doorway {
  readonly actor: Actor;
  readonly context: GatewayContext;
  isOpen = true;
  readonly sessions: Set<Session> = new Set();

  constructor(actor: Actor, engine: Engine) {
    this.actor = actor;
    const limits = withLimits({});
    const shares = new Shares(
      () => engine.appetite,
      () => performance.now(),
    );
    // Its event loop takes no time.
    const pace = new Pace(
      () => performance.now(),
      () => 0,
    );
    this.context = {
      engineFor: (grant, from) => new GuardedEngine(engine, grant, from),
      own: ownOf(engine),
      limits,
      blobLinkMs: null,
      clock: { now: () => Date.now() },
      log: SILENT,
      door: new Door({
        token: null,
        needsToken: false,
        hosts: [],
        origins: [],
        access: () => engine.access,
        now: () => Date.now(),
      }),
      budget: new Budget(limits.nodeBytes),
      turn: new Turn(shares),
      pace,
      reads: new ReadTurns(pace),
      shares,
      refusals: new Refusals(limits.refusals, () => performance.now()),
      longAnswers: new LongAnswers(pace),
      eventTexts: new EventTexts(),
      connections: new Connections(limits),
      askers: new Askers(),
      nodeDoor: null,
      certificateExpiresAt: () => null,
      isLeaving: () => !this.isOpen,
      isDraining: () => !this.isOpen,
    };
  }

  /** What is in flight is answered, and nothing new is taken. */
  close(): void {
    this.isOpen = false;
    for (const session of this.sessions) session.drain();
  }
}

export class Network {
  readonly #time: VirtualTime;
  readonly #wires = new Set<Wire>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** @param find the node behind this address, while there is one. */
  transport(name: string, client: Actor, find: () => Doorway | null): Transport {
    return {
      name,
      open: (receiver) => {
        const wire = new Wire(this.#time, client, receiver, find, () => this.#wires.delete(wire));
        this.#wires.add(wire);
        return wire;
      },
    };
  }

  /** Breaks some connections. @returns how many. */
  break(share: number): number {
    const some = [...this.#wires].filter(() => this.#time.chance() < share);
    for (const wire of some) wire.break();
    return some.length;
  }

  /** The process at the other end is dead: its machine says so. */
  gone(actor: Actor): void {
    for (const wire of this.#wires) if (wire.server === actor) wire.break();
  }
}

class Wire implements Connection, Outlet {
  server: Actor | null = null;
  readonly #time: VirtualTime;
  readonly #client: Actor;
  readonly #receiver: Receiver;
  readonly #onOver: () => void;
  #session: Session | null = null;
  #out: string[] = [];
  #isOver = false;
  /** Lines of one direction do not overtake each other. */
  #toServerAt = 0;
  #toClientAt = 0;

  constructor(
    time: VirtualTime,
    client: Actor,
    receiver: Receiver,
    find: () => Doorway | null,
    onOver: () => void,
  ) {
    this.#time = time;
    this.#client = client;
    this.#receiver = receiver;
    this.#onOver = onOver;
    time.after(time.between(0.1, 2), null, () => {
      const doorway = find();
      if (doorway === null || doorway.actor.isDead || !doorway.isOpen) return this.#tellClient("refused");
      this.server = doorway.actor;
      // A process that stands still is connected to all the same: its machine takes the connection.
      this.#toServer(() => {
        this.#session = new Session(doorway.context, this, doorway.context.door.open, "");
        doorway.sessions.add(this.#session);
      });
      this.#toClient(() => receiver.opened());
    });
  }

  // The client's side.

  send(lines: string): void {
    this.#toServer(() => {
      const session = this.#session;
      if (session === null) return;
      for (const line of lines.split("\n")) if (line !== "") session.receive(line, line.length + 1, true);
      session.endOfRead();
    });
  }

  close(): void {
    this.#toServer(() => this.#session?.endOfInput());
  }

  abort(): void {
    this.#over();
    this.#toServer(() => this.#session?.close());
  }

  // The server's side.

  write(line: Line): void {
    this.#out.push(joined(line));
  }

  flush(): void {
    if (this.#out.length === 0) return;
    const lines = this.#out;
    this.#out = [];
    this.#toClient(() => this.#receiver.lines(lines));
  }

  readonly unreadBytes = 0;

  setReading(): void {}

  finish(): void {
    this.#toClient(() => {
      if (this.#isOver) return;
      this.#over();
      this.#receiver.closed(null);
    });
    this.#session?.close();
  }

  /** What is under way is lost. */
  break(): void {
    if (this.#isOver) return;
    this.#over();
    const { server } = this;
    this.#time.after(this.#time.between(0, 200), this.#client, () =>
      this.#receiver.closed(new Error("reset")),
    );
    if (server !== null) this.#time.after(this.#time.between(0, 200), server, () => this.#session?.close());
  }

  #tellClient(why: string): void {
    this.#over();
    this.#time.after(this.#time.between(0.1, 2), this.#client, () => this.#receiver.closed(new Error(why)));
  }

  #over(): void {
    this.#isOver = true;
    this.#onOver();
  }

  #toServer(work: () => void): void {
    this.#toServerAt = Math.max(this.#toServerAt, this.#time.now + this.#time.between(0.1, 2));
    // Whose it is, is known when it arrives.
    this.#time.after(this.#toServerAt - this.#time.now, null, () => {
      if (this.server === null) return;
      const isLate = this.#isOver && this.#session === null;
      if (!isLate) this.#time.after(0, this.server, work);
    });
  }

  #toClient(work: () => void): void {
    this.#toClientAt = Math.max(this.#toClientAt, this.#time.now + this.#time.between(0.1, 2));
    this.#time.after(this.#toClientAt - this.#time.now, this.#client, () => {
      if (!this.#isOver) work();
    });
  }
}
