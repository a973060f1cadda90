/** A server with a balancer of its own before three workers, each of which keeps its tasks in a SQLite file of its own. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "../../../scripts/system-programs.ts";
import { freeRow, UpProcess } from "../up-process.ts";
import { sendMany, sqliteRows } from "./student.ts";

const skip = needs("python3").skip || needs("sqlite3").skip;
const TASKS = 300;
const NODES = [1, 2, 3];

test(
  "many tasks at once spread over three nodes: as the client sees it, as the log says it, as their files have it",
  { skip },
  async () => {
    await using up = new UpProcess(await freeRow(4), ["--nodes", "3", "--balancer", "builtin"]);
    await up.ready();
    const answered = await sendMany(up.port, TASKS);
    assert.deepEqual([...answered.keys()], NODES);

    for (const node of NODES) {
      const sql = `select lower(hex(id)) as id, action, payload, result, finished_at from tasks`;
      type Row = { id: string; action: string; payload: string; result: string; finished_at: number };
      const rows = await sqliteRows<Row>(join(up.folder, `node-${node}`, "tanda.db"), sql);
      assert.equal(rows.length, answered.get(node));
      for (const { id, action, payload, result, finished_at } of rows) {
        assert.match(id, /^[0-9a-f]{32}$/);
        assert.equal(action, "upper");
        assert.equal(result, payload.toUpperCase());
        assert.ok(Math.abs(finished_at - Date.now()) < 600_000);
      }
      await up.until(
        ({ event, name, done }) =>
          event === "tasks" && name === `node-${node}` && done === answered.get(node),
      );
      const log = readFileSync(join(up.folder, `node-${node}.log`), "utf8");
      assert.match(log, /upper done/);
    }

    up.signal("SIGINT");
    assert.equal(await up.exited, 0);
    assert.equal(up.events.at(-1)!["done"], TASKS);
  },
);
