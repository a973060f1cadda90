/** A TCP server with one shared queue and three workers that counts the letters of a word, for three clients at once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "../../../scripts/system-programs.ts";
import { Place } from "../serve-process.ts";
import { Python, sqliteRows } from "./student.ts";

const skip = needs("python3").skip || needs("sqlite3").skip;

test(
  "three people count letters at once; their words are rows in SQLite; salir ends a client, Ctrl+C the server",
  { skip },
  async () => {
    using place = new Place();
    await using serve = place.serve({ isTerminal: true, args: ["--threads", "3"] });
    const port = String(await serve.listening());
    const people = ["hola", "mañana", "a 1-b"].map((word) => ({
      word,
      client: new Python("letters.py", port),
    }));
    await using stack = new AsyncDisposableStack();
    for (const { client } of people) stack.use(client);
    const late = stack.use(new Python("letters.py", port));
    await Promise.all([late, ...people.map(({ client }) => client)].map((client) => client.until(/word> /)));

    // All have come before the first has gone.
    for (const { word, client } of people) client.type(`${word}\n`);
    for (const [index, answer] of [/^word> 4$/m, /^word> 6$/m, /^word> 2$/m].entries())
      await people[index]!.client.until(answer);
    for (const { client } of people) client.type("salir\n");
    for (const { client } of people) {
      assert.equal(await client.exited, 0);
      assert.match(client.text, /^word> adiós$/m);
    }

    const sql = "select queue, action, payload, result, finished_at from tasks order by id";
    type Row = { queue: string; action: string; payload: string; result: string; finished_at: number };
    const rows = await sqliteRows<Row>(join(place.data, "tanda.db"), sql);
    assert.deepEqual(rows.map(({ payload, result }) => `${payload} ${result}`).toSorted(), [
      '"a 1-b" 2',
      '"hola" 4',
      '"mañana" 6',
    ]);
    for (const { queue, action, finished_at } of rows) {
      assert.deepEqual([queue, action], ["default", "letters"]);
      assert.ok(Math.abs(finished_at - Date.now()) < 600_000);
    }
    const workers = (await (await fetch(`http://127.0.0.1:${port}/v1/workers`)).json()) as {
      threads: unknown[];
    }[];
    assert.deepEqual(
      workers.map(({ threads }) => threads.length),
      [3],
    );

    serve.type("\u0003");
    assert.equal(await serve.exited, 0);
    assert.match(serve.text, /stopped/);
    late.type("hola\n");
    assert.equal(await late.exited, 1);
    assert.match(late.text, /the server has gone/);
  },
);
