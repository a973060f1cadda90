/** Writes to the store at argv[2] without end, payloads of argv[3] bytes or tiny ones, and tells on standard output, a line a call, what was resolved. */
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { finish, newSpec, ride, submit } from "./sample-events.ts";

const payload =
  process.argv[3] === undefined ? {} : { payload: JSON.stringify("x".repeat(Number(process.argv[3]))) };
const store = await openSqliteStore({ path: process.argv[2]! });

function tell(ids: readonly string[], state: string): void {
  process.stdout.write(`${JSON.stringify(ids.map((id) => ({ id, state })))}\n`);
}

async function write(): Promise<never> {
  for (;;) {
    const [rides, submits] = [1, 2].map(() => Array.from({ length: 25 }, () => newSpec(payload))) as [
      ReturnType<typeof newSpec>[],
      ReturnType<typeof newSpec>[],
    ];
    await store.apply([...rides.map((spec) => ride(spec)), ...submits.map((spec) => submit(spec))]);
    tell(
      rides.map(({ id }) => id),
      "done",
    );
    tell(
      submits.map(({ id }) => id),
      "queued",
    );
    await store.apply(submits.map(({ id }) => finish(id, 1)));
    tell(
      submits.map(({ id }) => id),
      "done",
    );
  }
}

await Promise.all([write(), write(), write()]);
