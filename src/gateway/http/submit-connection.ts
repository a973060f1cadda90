/**
 * An HTTP connection while it does nothing but submit short tasks, one after another: read, answered and written here, at a
 * fraction of what each would cost by Node's parser and Fastify. At the first request that is anything else the connection goes
 * to those, with all that was read, and stays there; so nothing is refused here, but by the engine.
 */
import type { Socket } from "node:net";
import type { Answer, Submission, Waiter } from "../../engine/engine.ts";
import { Arriving } from "../budget.ts";
import type { Duty, Peer } from "../connections.ts";
import type { GatewayContext } from "../context.ts";
import type { GuardedEngine } from "../guarded-engine.ts";
import { PIECE_BYTES } from "../read-turns.ts";
import type { RefusalsOfOne } from "../refusals.ts";
import { bearerOf } from "./guard.ts";
import { answerText, type DateHeader } from "./http-answer.ts";
import { hasLargeResult, largeResultOf, submitAnswer, submittedOf, type Submitted } from "./submit-answer.ts";
import { mayRide, parseBody, readSubmit, type SubmitWithOptions } from "./submit-body.ts";
import { readSubmitHead, type SubmitHead } from "./submit-head.ts";
import type { Submitting } from "./submitting.ts";
import { WaitEnd } from "./wait-end.ts";

/** Nobody reads an answer for so long: gone. */
export const SILENT_MS = 600_000;

export type SubmitRoute = {
  readonly context: GatewayContext;
  readonly submitting: Submitting;
  readonly date: DateHeader;
  /** What was read is back in the socket. */
  readonly handOver: (socket: Socket, peer: Peer) => void;
};

export class SubmitConnection implements Duty {
  readonly #route: SubmitRoute;
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #waitEnd = new WaitEnd(() => this.#waitIsOver());
  /** The last one: a client says the same again and again. */
  #head: SubmitHead | null = null;
  #headText: Buffer | null = null;
  /** Of a request that is not whole; or of the next, which came before this one was answered. */
  #gathered: Buffer | null = null;
  /** What came before its turn is counted: it lies here as long as a client may wait. */
  readonly #early: Arriving;
  readonly #refusals: RefusalsOfOne;
  #asked: Asked | null = null;
  /** As who asked last may use it. */
  #engine: GuardedEngine | null = null;
  #heardAt: number;
  readonly #onData = (chunk: Buffer): void => this.#take(chunk);
  readonly #onEnd = (): void => void this.#socket.end();
  readonly #onDrain = (): void => this.#goOn();
  readonly #onClose = (): void => this.#close();

  constructor(route: SubmitRoute, socket: Socket, peer: Peer) {
    this.#route = route;
    this.#socket = socket;
    this.#peer = peer;
    this.#early = new Arriving(route.context.budget);
    this.#refusals = route.context.refusals.of(this.#onDrain);
    this.#heardAt = route.context.clock.now();
    peer.duty = this;
    socket.on("data", this.#onData).on("end", this.#onEnd).on("drain", this.#onDrain);
    socket.on("close", this.#onClose).resume();
  }

  sweep(now: number): void {
    if (this.#asked !== null) return;
    const { idleMs } = this.#route.context.limits;
    // Who is slow is for those who have a time for each part of a request.
    if (this.#gathered !== null) this.#handOver(this.#gathered);
    else if (now - this.#heardAt > (this.#socket.writableLength > 0 ? SILENT_MS : idleMs))
      this.#socket.destroy();
  }

  drain(): void {
    if (this.#asked === null) this.#socket.destroySoon();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#gathered === null ? chunk : Buffer.concat([this.#gathered, chunk]);
    this.#gathered = null;
    if (this.#asked !== null) {
      this.#gathered = bytes;
      if (this.#early.has(bytes.length)) this.#socket.pause();
      else this.#socket.destroy();
      return;
    }
    this.#heardAt = this.#route.context.clock.now();
    const head = this.#headOf(bytes);
    if (head === null) return this.#handOver(bytes);
    const whole = head.headBytes + head.bodyBytes;
    if (bytes.length < whole) this.#gathered = bytes;
    else if (bytes.length > whole || !this.#begin(head, bytes)) this.#handOver(bytes);
  }

  #headOf(bytes: Buffer): SubmitHead | null {
    const { limits, door } = this.#route.context;
    if (this.#headText !== null) {
      const { length } = this.#headText;
      if (bytes.length >= length && this.#headText.compare(bytes, 0, length) === 0) return this.#head;
    }
    const head = readSubmitHead(bytes, limits.waitMs);
    if (head === null || head.bodyBytes > limits.lineBytes) return null;
    if (this.#peer.isLoopbackListener && !door.isOwnHost(head.host)) return null;
    const token = bearerOf(head.authorization ?? "");
    // Not kept: how long it takes to compare a head must tell nothing of another's token behind the same balancer.
    if (token !== null || door.needsToken) return this.#isLetIn(token) ? head : null;
    this.#engine ??= this.#route.context.engineFor(door.open!, this.#peer.address);
    this.#head = head;
    this.#headText = Buffer.from(bytes.subarray(0, head.headBytes));
    return head;
  }

  /** Who may do all, until the node ends; of others there is more to look at. */
  #isLetIn(token: string | null): boolean {
    const grant = token === null ? null : this.#route.context.door.admit(token);
    if (grant === null || !grant.isLasting) return false;
    if (this.#engine?.grant !== grant)
      this.#engine = this.#route.context.engineFor(grant, this.#peer.address);
    return true;
  }

  /** @returns false when it is not for here. */
  #begin({ headBytes, bodyBytes, key, waitMs }: SubmitHead, bytes: Buffer): boolean {
    const { context, submitting } = this.#route;
    if (context.isDraining() || !context.budget.hasRoom) return false;
    if (bodyBytes <= PIECE_BYTES) context.pace.little();
    // Behind Node's parser what is long waits for its turn.
    else if (context.pace.isOn) return false;
    let submit: SubmitWithOptions;
    try {
      const body = parseBody(bytes.subarray(headBytes), context.limits);
      submit = readSubmit(body, key, context.nodeDoor === null);
    } catch {
      return false;
    }
    if (waitMs !== null && (waitMs === 0 || !mayRide(submit.options))) return false;
    const { action, payload, options } = waitMs === null ? submit : submitting.toRide(submit);
    const submission = { token: null, action, payload, options };
    this.#asked = new Asked(this, submission, bodyBytes, waitMs);
    context.budget.take(bodyBytes);
    if (waitMs !== null) this.#waitEnd.begin(waitMs);
    this.#engine!.submit([submission], this.#asked);
    return true;
  }

  /** The engine's. */
  answered(asked: Asked, answer: Answer): void {
    if (asked !== this.#asked) return;
    this.#waitEnd.end();
    const submitted = asked.waitMs === null ? { answer, final: null } : submittedOf(answer);
    if (!hasLargeResult(submitted)) return this.#tell(asked, submitted, null);
    const { own, limits } = this.#route.context;
    void largeResultOf(submitted, own.results, limits.lineBytes).then((large) => {
      if (asked === this.#asked) this.#tell(asked, submitted, large);
    });
  }

  #waitIsOver(): void {
    const over = this.#asked;
    if (over === null) return;
    const engine = this.#engine!;
    engine.leave(over);
    this.#asked = new Asked(this, over.submission, over.bytes, over.waitMs);
    engine.promise(over.submission, this.#asked);
  }

  #tell({ bytes, waitMs }: Asked, submitted: Submitted, large: string | null): void {
    const { context, date } = this.#route;
    this.#asked = null;
    context.budget.give(bytes);
    this.#refusals.note(submitted.answer);
    // The client was gone just now.
    if (!this.#socket.writable) return;
    const now = context.clock.now();
    this.#heardAt = now;
    const isLast = context.isDraining();
    const answer = submitAnswer(submitted, waitMs, large);
    const text = answerText(answer, date.at(now), isLast ? null : Math.floor(context.limits.idleMs / 1000));
    const isTaken = this.#socket.write(text);
    if (isLast) this.#socket.destroySoon();
    else if (!isTaken || this.#refusals.isResting) this.#socket.pause();
    else if (this.#gathered !== null) this.#goOn();
  }

  /** Who does not wait for answers is for Node's parser, which is read ahead of them. */
  #goOn(): void {
    this.#heardAt = this.#route.context.clock.now();
    if (this.#asked !== null || this.#refusals.isResting || this.#socket.writableNeedDrain) return;
    if (this.#gathered !== null) this.#handOver(this.#gathered);
    else this.#socket.resume();
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#gathered = null;
    this.#early.end();
    socket.off("data", this.#onData).off("end", this.#onEnd).off("drain", this.#onDrain);
    socket.off("close", this.#onClose).pause();
    this.#waitEnd.close();
    this.#refusals.close();
    socket.unshift(bytes);
    this.#route.handOver(socket, this.#peer);
  }

  #close(): void {
    this.#waitEnd.close();
    this.#refusals.close();
    this.#early.end();
    const asked = this.#asked;
    if (asked === null) return;
    this.#asked = null;
    this.#route.context.budget.give(asked.bytes);
    this.#engine?.leave(asked);
  }
}

/** One request, while the engine has it. */
class Asked implements Waiter {
  readonly #connection: SubmitConnection;
  readonly submission: Submission;
  readonly bytes: number;
  readonly waitMs: number | null;
  /** It asks one after another. */
  readonly unanswered = 1;

  constructor(connection: SubmitConnection, submission: Submission, bytes: number, waitMs: number | null) {
    this.#connection = connection;
    this.submission = submission;
    this.bytes = bytes;
    this.waitMs = waitMs;
  }

  get sender(): object {
    return this.#connection;
  }

  answer(_token: unknown, answer: Answer): void {
    this.#connection.answered(this, answer);
  }
}
