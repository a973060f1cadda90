/** One HTTP request that waits for one answer of the engine. */
import type { Answer, Engine, Submission, Waiter } from "../../engine/engine.ts";
import type { Gone } from "./request-facts.ts";

export type FinalAnswer = Extract<Answer, { status: "done" | "failed" }>;

class OneAnswer implements Waiter {
  readonly #resolve: (answer: Answer) => void;

  constructor(resolve: (answer: Answer) => void) {
    this.#resolve = resolve;
  }

  answer(_token: unknown, answer: Answer): void {
    this.#resolve(answer);
  }
}

export function submitOne(engine: Engine, submission: Omit<Submission, "token">): Promise<Answer> {
  return new Promise((resolve) => {
    engine.submit([{ token: null, ...submission }], new OneAnswer(resolve));
  });
}

/** Of what {@link submitAndWait} submitted, and did not see the end of. */
export function promiseOne(engine: Engine, submission: Omit<Submission, "token">): Promise<Answer> {
  return new Promise((resolve) => {
    engine.promise({ token: null, ...submission }, new OneAnswer(resolve));
  });
}

/** In the order given. */
export function submitMany(
  engine: Engine,
  submissions: readonly Omit<Submission, "token">[],
): Promise<Answer[]> {
  return new Promise((resolve) => {
    const answers: Answer[] = [];
    let missing = submissions.length;
    if (missing === 0) resolve(answers);
    const waiter: Waiter = {
      answer(token, answer) {
        answers[token as number] = answer;
        if (--missing === 0) resolve(answers);
      },
    };
    engine.submit(
      submissions.map((submission, token) => ({ token, ...submission })),
      waiter,
    );
  });
}

/** @returns null when the time is over or the client is gone. @throws not_found and what the engine refuses. */
export function waitFinal(
  engine: Engine,
  task: string,
  waitMs: number,
  gone: Gone,
): Promise<FinalAnswer | null> {
  return finalOf(engine, waitMs, gone, (waiter, reject) => {
    engine.wait(task, null, waiter).catch(reject);
  });
}

/** Nothing is promised meanwhile, so that a short task may be written once, with its end. @returns as {@link waitFinal} does. */
export function submitAndWait(
  engine: Engine,
  submission: Omit<Submission, "token">,
  waitMs: number,
  gone: Gone,
): Promise<FinalAnswer | null> {
  return finalOf(engine, waitMs, gone, (waiter) => engine.submit([{ token: null, ...submission }], waiter));
}

async function finalOf(
  engine: Engine,
  waitMs: number,
  gone: Gone,
  begin: (waiter: Waiter, reject: (error: unknown) => void) => void,
): Promise<FinalAnswer | null> {
  let waiter: Waiter | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stay: (() => void) | undefined;
  try {
    return await new Promise<FinalAnswer | null>((resolve, reject) => {
      waiter = new OneAnswer((answer) => resolve(answer as FinalAnswer));
      stay = gone(() => resolve(null));
      timer = setTimeout(() => resolve(null), waitMs);
      begin(waiter, reject);
    });
  } finally {
    clearTimeout(timer);
    stay?.();
    if (waiter) engine.leave(waiter);
  }
}
