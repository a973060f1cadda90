/** What this disk and SQLite take for one durable row, with nothing around it: `node commit.mjs FOLDER W2 COUNT`. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { latencies } from "./timing.mjs";
import { runWorkload } from "./workloads.mjs";

await runWorkload({
  async W2(count) {
    const database = new DatabaseSync(join(process.argv[2], "commit.db"));
    database.exec("pragma journal_mode = wal; pragma synchronous = full");
    database.exec(
      "create table task (id integer primary key, action text, payload text, state text, result text)",
    );
    const insert = database.prepare(
      "insert into task (action, payload, state, result) values ('upper', '\"hola\"', 'done', ?)",
    );
    const once = async () => void insert.run('"HOLA"');
    await latencies(200, once);
    return latencies(count, once);
  },
});
