/** `tanda up full`: every box of the drawing on this machine, and what it keeps when all of it is killed at once. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Client } from "pg";
import { connect } from "../../src/client/client.ts";
import { needs } from "../../scripts/system-programs.ts";
import { freeRow, UpProcess } from "./up-process.ts";

const skip =
  needs("postgres").skip ||
  needs("rabbitmq-server").skip ||
  needs("haproxy").skip ||
  needs("radosgw").skip ||
  needs("ceph-mon").skip ||
  needs("ceph-osd").skip;

test(
  "up full starts its servers, runs tasks over them, shows no password, keeps all when it is killed, and stops in order",
  { skip, timeout: 180_000 },
  async () => {
    const args = ["full", "--gateways", "2", "--workers", "2", "--balancer", "haproxy"];
    const large = "ñ".repeat(100_000);
    await using first = new UpProcess(await freeRow(5), args);
    await first.ready();
    const names = first.events.filter(({ state }) => state === "ready").map(({ name }) => String(name));
    assert.equal(
      names.toSorted((a, b) => (a < b ? -1 : 1)).join(" "),
      "ceph-mon ceph-osd gateway-1 gateway-2 haproxy postgres rabbitmq radosgw worker-1 worker-2",
    );
    const client = connect(`tanda://127.0.0.1:${first.port}`);
    const runs = Array.from({ length: 200 }, (_, n) => client.$.run("upper", `word ${n}`));
    assert.equal((await Promise.all(runs))[7], "WORD 7");
    const kept = await client.$.submit("upper", large);
    assert.equal(await client.$.task(kept.task).result(), large.toUpperCase());
    const later = await client.$.submit("upper", "later", { delay: "1s" });
    await client.$.close();
    for (const n of [1, 2])
      await first.until(
        ({ event, name, done }) => event === "tasks" && name === `worker-${n}` && Number(done) > 0,
      );

    const secrets = join(first.folder, "servers.json");
    assert.equal(statSync(secrets).mode & 0o077, 0);
    const { password, ports, ceph } = JSON.parse(readFileSync(secrets, "utf8")) as {
      password: string;
      ports: { postgres: number };
      ceph: { secretKey: string };
    };
    for (const pid of first.pids) {
      const seen = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      assert.ok(!seen.includes(password) && !seen.includes(ceph.secretKey), seen);
    }

    first.signal("SIGKILL");
    await first.exited;
    await first.gone();

    await using second = new UpProcess(first.port, args, {}, first.folder);
    await second.ready();
    const again = connect(`tanda://127.0.0.1:${second.port}`);
    assert.equal(await again.$.task(later.task).result({ callTimeout: "30s" }), "LATER");
    assert.equal(await again.$.task(kept.task).result({ callTimeout: "30s" }), large.toUpperCase());
    await again.$.close();
    const rows = await query<{ result: string }>(
      `postgres://tanda:${password}@127.0.0.1:${ports.postgres}/postgres`,
      "select result::text from tanda.tasks where id = $1",
      [later.task],
    );
    assert.deepEqual(rows, [{ result: '"LATER"' }]);
    second.signal("SIGINT");
    assert.equal(await second.exited, 0);
    await second.gone();
  },
);

async function query<T>(url: string, sql: string, values: unknown[]): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as T[];
  } finally {
    await client.end();
  }
}
