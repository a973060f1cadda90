/** `tanda up --nodes`: with each balancer it starts, is used, loses a node, gets it back, and leaves nothing, however it ends. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { connect } from "../../src/client/client.ts";
import { needs } from "../../scripts/system-programs.ts";
import { freeRow, say, UpProcess } from "./up-process.ts";

/** A node takes a second of a processor to start, and a busy machine has few to spare. */
const SLOW = { timeout: 180_000 };

const BALANCERS = [
  ["haproxy", 3, needs("haproxy").skip],
  ["nginx", 2, needs("nginx").skip],
  ["builtin", 2, false],
] as const;

for (const [balancer, nodes, skip] of BALANCERS) {
  describe(`up with ${balancer}`, { skip }, () => {
    test(
      "starts nodes, spreads tasks over them, starts again the one that is killed, and stops in order",
      SLOW,
      async () => {
        await using up = new UpProcess(await freeRow(4), ["--nodes", String(nodes), "--balancer", balancer]);
        await up.ready();
        const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
        assert.deepEqual(
          up.ports.toSorted((a, b) => a - b),
          [0, ...numbers].map((index) => up.port + index),
        );
        const clients = Array.from({ length: 6 }, () => connect(`tanda://127.0.0.1:${up.port}`));
        const runAll = async (word: string): Promise<void> => {
          const runs = clients.flatMap((client) =>
            [0, 1, 2, 3].map((n) => client.$.run("upper", `${word} ${n}`)),
          );
          assert.equal((await Promise.all(runs))[5], `${word.toUpperCase()} 1`);
        };
        await runAll("before");
        const spread = numbers.map((n) =>
          up.until(({ event, name, done }) => event === "tasks" && name === `node-${n}` && Number(done) > 0),
        );
        const all = { areBusy: false };
        const counted = Promise.all(spread).then(() => (all.areBusy = true));
        // Each is a client of its own, which a balancer may give to any node.
        while (!all.areBusy) assert.equal(await say(up.port, "upper one"), "ONE");
        await counted;

        const from = up.events.length;
        const pid = up.pidOf("node-2");
        process.kill(pid, "SIGKILL");
        await runAll("meanwhile");
        const restarting = await up.until(
          ({ name, state }) => name === "node-2" && state === "restarting",
          from,
        );
        assert.equal(restarting["why"], "killed by SIGKILL");
        const again = await up.until(({ name, state }) => name === "node-2" && state === "ready", from);
        assert.notEqual(again["pid"], pid);
        assert.equal(again["restarts"], 1);
        assert.equal(await say(up.port + 2, "upper again"), "AGAIN");
        await runAll("after");
        await Promise.all(clients.map((client) => client.$.close()));
        for (const n of numbers) assert.ok(existsSync(join(up.folder, `node-${n}`, "tanda.db")));

        up.signal("SIGINT");
        assert.equal(await up.exited, 0);
        assert.equal(up.events.at(-1)!.event, "stopped");
        await up.gone();
      },
    );

    // Of itself, guarded like a node; the others have helpers of their own.
    if (balancer === "builtin") return;
    test("leaves nothing behind when it is killed", SLOW, async () => {
      await using up = new UpProcess(await freeRow(2), ["--nodes", "1", "--balancer", balancer]);
      await up.ready();
      assert.equal(await say(up.port, "upper hola"), "HOLA");
      up.signal("SIGKILL");
      await up.exited;
      await up.gone();
    });
  });
}

test(
  "with a token too it is seen what runs; a second signal ends at once, though a task still runs",
  SLOW,
  async () => {
    const token = "only-who-knows-it";
    const args = ["--nodes", "1", "--balancer", "builtin"];
    await using up = new UpProcess(await freeRow(2), args, { TANDA_TOKEN: token });
    await up.ready();
    const client = connect(`tanda://127.0.0.1:${up.port}`, { token });
    const handle = await client.$.submit("sleep", 600_000);
    await up.until(({ event, inFlight }) => event === "tasks" && inFlight === 1);
    await client.$.close();
    up.signal("SIGTERM");
    await up.until(({ event }) => event === "draining");
    up.signal("SIGINT");
    assert.equal(await up.exited, 1);
    await up.gone();
    assert.ok(handle.task);
  },
);

test("flags of a node that make no sense end it all, told in the words of the node", SLOW, async () => {
  await using up = new UpProcess(await freeRow(2), [
    "--nodes",
    "1",
    "--balancer",
    "builtin",
    "--threads",
    "many",
  ]);
  assert.equal(await up.exited, 1);
  const failed = await up.until(({ state }) => state === "failed");
  assert.equal(failed["name"], "node-1");
  assert.match(readFileSync(join(up.folder, "node-1.log"), "utf8"), /--threads is a whole number/);
});
