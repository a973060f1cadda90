/** One HTTP request that waits for one answer of the engine. */
import type { Answer, Engine, Submission, Waiter } from "../../engine/engine.ts";

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
export async function waitFinal(
  engine: Engine,
  task: string,
  waitMs: number,
  gone: AbortSignal,
): Promise<FinalAnswer | null> {
  let waiter: Waiter | undefined;
  let timer: NodeJS.Timeout | undefined;
  let onGone: (() => void) | undefined;
  try {
    return await new Promise<FinalAnswer | null>((resolve, reject) => {
      waiter = new OneAnswer((answer) => resolve(answer as FinalAnswer));
      onGone = () => resolve(null);
      gone.addEventListener("abort", onGone, { once: true });
      timer = setTimeout(() => resolve(null), waitMs);
      engine.wait(task, null, waiter).catch(reject);
    });
  } finally {
    clearTimeout(timer);
    if (onGone) gone.removeEventListener("abort", onGone);
    if (waiter) engine.leave(waiter);
  }
}
