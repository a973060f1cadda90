/** Tasks of other nodes, asked of them for those who came here. Each is answered once, as its owner answers. */
import type { Answer, Submission, Waiter } from "../engine/engine.ts";
import type { SubmitOptions } from "../protocol/messages.ts";
import { FAILURE_CODES, toTandaError, type ErrorCode } from "../task/errors.ts";
import type { Peer } from "./peer.ts";

/** After these the task is there, or may be. */
const MAY_BE_THERE: ReadonlySet<ErrorCode> = new Set([
  ...FAILURE_CODES,
  "cancelled",
  "expired",
  "unavailable",
]);

type Stay = { readonly left: AbortController; open: number };

export class Forwarder {
  /** Who waits here for another node, while he does. */
  readonly #stays = new Map<Waiter, Stay>();

  submit(peer: Peer, submission: Submission, task: string, waiter: Waiter): void {
    this.#answer(waiter, submission.token, task, () => submitTo(peer, submission, task, this.#of(waiter)));
  }

  wait(peer: Peer, task: string, token: unknown, waiter: Waiter): void {
    this.#answer(waiter, token, task, () => waitAt(peer, task, this.#of(waiter)));
  }

  leave(waiter: Waiter): void {
    this.#stays.get(waiter)?.left.abort();
    this.#stays.delete(waiter);
  }

  #of(waiter: Waiter): AbortSignal {
    return this.#stays.get(waiter)!.left.signal;
  }

  #answer(waiter: Waiter, token: unknown, task: string, ask: () => Promise<Answer>): void {
    let stay = this.#stays.get(waiter);
    if (!stay) this.#stays.set(waiter, (stay = { left: new AbortController(), open: 0 }));
    stay.open++;
    const tell = (answer: Answer): void => {
      if (stay.left.signal.aborted) return;
      if (--stay.open === 0) this.#stays.delete(waiter);
      waiter.answer(token, answer);
    };
    ask().then(tell, (thrown: unknown) => {
      const error = toTandaError(thrown);
      const isThere = MAY_BE_THERE.has(error.code);
      tell({ status: "failed", task: isThere ? task : null, error: error.toBody() });
    });
  }
}

async function submitTo(
  peer: Peer,
  { action, payload, options }: Submission,
  task: string,
  left: AbortSignal,
): Promise<Answer> {
  const { wait = true, ...asked }: SubmitOptions = { ...options, task };
  const value: unknown = JSON.parse(payload);
  // The task of a key may have been named by an earlier submit, and only this answer tells its name.
  if (wait && asked.key === undefined) return done(task, await peer.run(action, value, asked));
  const submitted = await peer.submit(action, value, asked);
  if (wait) return waitAt(peer, submitted.task, left);
  const isRepeat = submitted.status === "done";
  return {
    status: submitted.status === "done" ? "queued" : submitted.status,
    task: submitted.task,
    isRepeat,
  };
}

async function waitAt(peer: Peer, task: string, left: AbortSignal): Promise<Answer> {
  try {
    return done(task, await peer.ask("wait", { task }, { signal: left }));
  } catch (thrown) {
    const error = toTandaError(thrown);
    return { status: "failed", task: error.code === "not_found" ? null : task, error: error.toBody() };
  }
}

/** A large result comes as the link to its blob. */
function done(task: string, result: unknown): Answer {
  return { status: "done", task, result: JSON.stringify(result ?? null), resultBlob: null };
}
