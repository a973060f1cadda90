/** `tanda serve` with its worker drained, as an operator does it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/client/client.ts";
import type { General } from "../../src/client/typed.ts";
import type { WorkerView } from "../../src/protocol/messages.ts";
import { runCli } from "../cli/run-cli.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";

const fixtures = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));

async function untilTrue(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

const serve = (): Promise<NodeProcess> => startNodeProcess(["--actions", fixtures, "--threads", "2"]);
const addressOf = ({ port }: NodeProcess): string => `tanda://127.0.0.1:${port}`;
const stateOf = async ($: General, task: string): Promise<string> => (await $.get(task)).state;

describe("a node with its worker drained", { timeout: 120_000 }, () => {
  test("ends what runs, keeps what comes, says why, stays ready, cancels, and goes on when it is resumed", async () => {
    await using node = await serve();
    const server = addressOf(node);
    await using client = connect(server);
    const { $ } = client;
    const running = await $.submit("patient", 700);
    const stopped = await $.submit("patient", 600_000);
    for (const { task } of [running, stopped])
      await untilTrue(async () => (await stateOf($, task)) === "running");
    const drained = await runCli(["workers", "drain", "0", "--json"], { server });
    assert.deepEqual([drained.code, (JSON.parse(drained.stdout) as WorkerView).state], [0, "draining"]);

    const ride = $.run("nap", 1);
    const promised = await Promise.all([1, 2, 3].map((ms) => $.submit("nap", ms)));
    const delayed = await $.submit("nap", 4, { delay: 50 });
    const unwanted = await $.submit("nap", 5);
    const expiring = await $.submit("nap", 6, { expires: 100 });
    await running.result();
    assert.equal((await stopped.cancel()).state, "cancelled");
    assert.equal((await unwanted.cancel()).state, "cancelled");
    await untilTrue(async () => (await stateOf($, delayed.task)) === "queued");
    await untilTrue(async () => (await stateOf($, expiring.task)) === "expired");
    await untilTrue(async () => {
      const [worker] = await $.workers();
      assert.equal(worker!.state, "draining", "also with nothing left to run");
      return worker!.threads.every(({ state }) => state === "idle");
    });
    for (const { task } of promised) assert.equal(await stateOf($, task), "queued");
    const told = await runCli(["explain", promised[0]!.task], { server });
    assert.match(told.stdout, /Worker 0 is drained: .*tanda workers resume 0/);
    const ready = await fetch(`http://127.0.0.1:${node.port}/readyz`);
    assert.equal(ready.status, 200);

    const resumed = await runCli(["workers", "resume", "0"], { server });
    assert.match(resumed.stdout, /^0 +\d+ +running/m);
    await Promise.all([ride, delayed.result(), ...promised.map((one) => one.result())]);
    const unknown = await runCli(["workers", "drain", "9"], { server });
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no worker "9"[^]*`tanda workers`/);
  });

  test("stops as any other, loses nothing, and begins anew without it", async () => {
    await using node = await serve();
    await using client = connect(addressOf(node));
    const { $ } = client;
    await $.drainWorker("0");
    const promised = await $.submit("nap", 1);
    const ride = $.run("nap", 2);
    await untilTrue(async () => (await $.list({ state: "queued" })).tasks.length === 2);
    assert.equal(await node.kill("SIGTERM"), 0);
    await node.start();
    await promised.result();
    await ride;
    assert.equal((await $.workers())[0]!.state, "running");
  });

  test("runs each of hundreds of tasks once, drained and resumed again and again", async () => {
    await using node = await serve();
    await using client = connect(addressOf(node));
    const { $ } = client;
    const name = `drained-${node.port}-${process.pid}`;
    await $.drainWorker("0");
    const done = { all: false };
    const results = Promise.all(
      Array.from({ length: 400 }, async (_, n) => {
        if (n % 2) return $.run<number>("count-runs", name);
        return (await $.submit<number>("count-runs", name)).result();
      }),
    ).finally(() => (done.all = true));
    while (!done.all) {
      await $.resumeWorker("0");
      await $.drainWorker("0");
    }
    assert.equal((await results).length, 400);
    await $.resumeWorker("0");
    assert.equal(await $.run("count-runs", name), 401);
  });
});
