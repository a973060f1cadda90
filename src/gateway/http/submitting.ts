/**
 * Hands requests to the engine. Who waits is promised nothing before the end, so that a short task is written once, with its
 * end; when the wait is over first, it is promised then, and 202 is as good as ever.
 */
import type { FastifyRequest } from "fastify";
import type { Answer } from "../../engine/engine.ts";
import { TandaError } from "../../task/errors.ts";
import { createIdMaker, type IdMaker } from "../../task/id.ts";
import type { GatewayContext } from "../context.ts";
import { promiseOne, submitAndWait, submitMany, submitOne, waitFinal } from "./asking.ts";
import { LateRefusals } from "./late-refusals.ts";
import { goneOf } from "./request-facts.ts";
import { submittedOf, type Submitted } from "./submit-answer.ts";
import { mayRide, type SubmitWithOptions } from "./submit-body.ts";

export class Submitting {
  readonly #context: GatewayContext;
  readonly #makeId: IdMaker;
  readonly #late: LateRefusals;

  constructor(context: GatewayContext) {
    this.#context = context;
    this.#late = new LateRefusals(context.refusals);
    this.#makeId = createIdMaker(context.own.self.node, Date.now, Math.random);
  }

  async submit(
    request: FastifyRequest,
    submit: SubmitWithOptions,
    waitMs: number | null,
  ): Promise<Submitted> {
    const submitted = await this.#submit(request, submit, waitMs);
    await this.#late.heard(request.raw.socket, [submitted.answer]);
    return submitted;
  }

  /** Nobody waits for these. @returns what each was answered, in the order given. @throws busy, unavailable */
  async submitAll(request: FastifyRequest, submits: readonly SubmitWithOptions[]): Promise<Answer[]> {
    const answers = await this.#admitted(request, () => submitMany(request.engine, submits));
    await this.#late.heard(request.raw.socket, answers);
    return answers;
  }

  async #submit(
    request: FastifyRequest,
    submit: SubmitWithOptions,
    waitMs: number | null,
  ): Promise<Submitted> {
    const { engine } = request;
    if (waitMs !== null && waitMs > 0 && mayRide(submit.options)) return this.#ride(request, submit, waitMs);
    const answer = await this.#admitted(request, () => submitOne(engine, submit));
    if (answer.status === "failed" || waitMs === null) return { answer, final: null };
    const final =
      answer.status === "done" ? answer : await waitFinal(engine, answer.task, waitMs, goneOf(request));
    return { answer, final };
  }

  async #ride(request: FastifyRequest, submit: SubmitWithOptions, waitMs: number): Promise<Submitted> {
    const { engine } = request;
    const waited = this.toRide(submit);
    const gone = goneOf(request);
    const final = await this.#admitted(request, () => submitAndWait(engine, waited, waitMs, gone));
    if (final !== null) return submittedOf(final);
    // It goes on without a client to hear of it.
    if (request.raw.socket.destroyed) {
      return { answer: { status: "queued", task: waited.options.task, isRepeat: false }, final };
    }
    return submittedOf(await promiseOne(engine, waited));
  }

  /** As it is submitted to be waited for: under an id that is known here, by which it can be promised when the wait is over. */
  toRide(submit: SubmitWithOptions): SubmitWithOptions & { readonly options: { readonly task: string } } {
    const { action, payload, options } = submit;
    return { action, payload, options: { ...options, task: this.#makeId(), wait: true } };
  }

  /** Counts the request's bytes while the engine has them. @throws busy, unavailable */
  async #admitted<T>({ bodyBytes }: FastifyRequest, run: () => Promise<T>): Promise<T> {
    const { budget } = this.#context;
    if (this.#context.isDraining()) throw new TandaError("unavailable", "the node is stopping");
    if (!budget.hasRoom) {
      throw new TandaError("busy", "too much is in flight on this node", {
        retryAfterMs: budget.roomInMs(performance.now(), Math.random()),
      });
    }
    budget.take(bodyBytes);
    try {
      return await run();
    } finally {
      budget.give(bodyBytes);
    }
  }
}
