/** The last words of a node that stops: what is only waited for gets a row, and who waits is told to ask again. */
import type { Flights } from "../engine/flights.ts";
import type { Store } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";

export async function farewell(
  store: Pick<Store, "apply">,
  flights: Flights,
  now: () => number,
): Promise<void> {
  const at = now();
  const unwritten = flights.takeUnwritten(-Infinity);
  if (unwritten.length > 0) {
    await store.apply(
      unwritten.map(({ spec }): TaskEvent => ({ type: "submit", id: spec!.id, at, spec: spec! })),
    );
  }
  for (const task of flights.tasks()) {
    flights.end(task, {
      status: "failed",
      task,
      error: {
        code: "unavailable",
        message: "The node stopped before the task was final. It is kept and goes on at the next start.",
        hint: "Ask again for the same task.",
        retryAfterMs: 1000,
      },
    });
  }
}
