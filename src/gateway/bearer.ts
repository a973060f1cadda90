/** Who is at a connection: nobody who may do anything yet, or the bearer of a token, or whoever needs none. */
import type { GatewayContext } from "./context.ts";
import { MAX_WRONG_TOKENS } from "./door.ts";
import type { Grant } from "./grant.ts";
import type { GuardedEngine } from "./guarded-engine.ts";

export type BearerEvents = {
  /** What is heard waits: a token is looked up. */
  readonly onHold: () => void;
  /** What was held back has been heard. */
  readonly onRelease: () => void;
  /** Another token than before: what that one let him see ends with it. */
  readonly onOther: () => void;
  /** The token is over. */
  readonly onOver: () => void;
  /** Too many that were wrong. */
  readonly onTooMany: () => void;
};

export class Bearer {
  readonly #context: GatewayContext;
  readonly #from: string;
  readonly #events: BearerEvents;
  #engine: GuardedEngine | null = null;
  #wrongTokens = 0;
  /** Takes back who listens for the end of the token. */
  #stay: () => void = () => {};
  /** What came behind a token that is still looked up. */
  #held: (() => void)[] | null = null;

  /** @param grant null: the first thing to come must be a token. @param from the client's address. */
  constructor(context: GatewayContext, grant: Grant | null, from: string, events: BearerEvents) {
    this.#context = context;
    this.#from = from;
    this.#events = events;
    if (grant !== null) this.#letIn(grant);
  }

  /** Null before a token. */
  get engine(): GuardedEngine | null {
    return this.#engine;
  }

  get isHolding(): boolean {
    return this.#held !== null;
  }

  /** @returns whether this is to be done later: what comes behind a token is heard when that is known. */
  holds(later: () => void): boolean {
    this.#held?.push(later);
    return this.#held !== null;
  }

  /** @returns whether who sent it is let in; a promise for a token that may be new. */
  authorize(token: string): boolean | Promise<boolean> {
    const { door } = this.#context;
    const grant = door.admit(token);
    if (grant !== null || !door.mayBeNew(token)) return this.#judged(grant);
    this.#held = [];
    this.#events.onHold();
    return door
      .admitLate(token)
      .then((late) => this.#judged(late))
      .finally(() => setImmediate(() => this.#release()));
  }

  /** A node of the cluster, which proved it. */
  letIn(): void {
    this.#letIn(this.#context.door.node);
  }

  /** He proved to be none. */
  endOfInput(): void {
    this.#events.onTooMany();
  }

  leave(): void {
    this.#stay();
  }

  #judged(grant: Grant | null): boolean {
    if (grant !== null) this.#letIn(grant);
    else if (++this.#wrongTokens >= MAX_WRONG_TOKENS) this.#events.onTooMany();
    return grant !== null;
  }

  #letIn(grant: Grant): void {
    if (this.#engine?.grant === grant) return;
    if (this.#engine !== null) this.#events.onOther();
    this.#stay();
    this.#engine = this.#context.engineFor(grant, this.#from);
    this.#stay = grant.onOver(this.#events.onOver);
  }

  /** Behind the answer to the token. One of those may be a token that has to be looked up, too. */
  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const later of held) if (!this.holds(later)) later();
    this.#events.onRelease();
  }
}
