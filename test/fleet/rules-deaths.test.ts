/** The rules of a run, where somebody dies or stands still: gateways and workers are processes, and so are those that run the actions. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../../scripts/system-programs.ts";
import { connect, type Client } from "../../src/index.ts";
import { FleetProcesses } from "../e2e/fleet.ts";
import type { NodeProcess } from "../e2e/node-process.ts";
import { pause, Stack } from "./stack.ts";
import { until } from "../until.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };

const skip = needs("postgres").skip || needs("rabbitmq-server").skip;
const actions = fileURLToPath(new URL("../e2e/fixtures/deaths.ts", import.meta.url));

describe("the rules of a run, when something dies", { skip, timeout: 120_000 }, () => {
  let stack: Stack;
  let fleet: FleetProcesses;
  let client: Client;
  let runsFile: string;
  before(async () => {
    stack = await Stack.start();
    runsFile = join(stack.folder, "runs");
    fleet = await FleetProcesses.start({
      store: stack.store(),
      queue: stack.rabbit.url,
      flags: ["--lease", "1s"],
      workerFlags: ["--actions", actions],
      env: { TANDA_TEST_RUNS: runsFile },
    });
    client = connect(fleet.url());
  }, START);
  after(async () => {
    await client?.$.close({ now: true });
    await fleet?.[Symbol.asyncDispose]();
    await stack?.[Symbol.asyncDispose]();
  });

  /** What was written down of a task: "begin 1", "end 1", … */
  function runsOf(task: string): string[] {
    let text = "";
    try {
      text = readFileSync(runsFile, "utf8");
    } catch {
      // Nothing has run yet.
    }
    return text
      .split("\n")
      .filter((line) => line.includes(task))
      .map((line) => line.replace(` ${task}`, ""));
  }
  type Facts = { state: number; attempt: number; losses: number; worker: string | null };
  const factsOf = (tasks: readonly string[]): Promise<Facts[]> =>
    stack.sql<Facts>(
      "select state, attempt, losses, worker from tasks where id = any($1::uuid[]) order by id",
      [tasks],
    );
  const untilRunning = (task: string): Promise<void> =>
    until("it is claimed", async () => (await factsOf([task]))[0]?.state === 2);
  /** Exactly this one stays. */
  async function killWorker(worker: NodeProcess): Promise<void> {
    fleet.workers.splice(fleet.workers.indexOf(worker), 1);
    await worker.kill();
  }

  test("what was in hand for a moment comes to another worker at once, and its row is made by its claim", async () => {
    const [first] = fleet.workers as [NodeProcess];
    const task = stack.makeId();
    const answer = client.$.run("rest", [60_000, 10], { task });
    await until("it began", () => runsOf(task).length > 0);
    await killWorker(first);
    await fleet.addWorker();
    // By then nobody has looked for rows that nobody has seen: it is the broker that brings it.
    await until("it began again", () => runsOf(task).includes("begin 2"), 12_000);
    assert.equal(await answer, 2);
    assert.deepEqual(runsOf(task), ["begin 1", "begin 2", "end 2"]);
  });

  test("what is leased is not with the broker any more; what a dead worker had runs on another, and none of it is charged", async () => {
    const [first] = fleet.workers as [NodeProcess];
    const tasks = [stack.makeId(), stack.makeId()] as const;
    const answers = tasks.map((task) => client.$.run("rest", [60_000, 10], { task }));
    await until("both began", () => tasks.every((task) => runsOf(task).length > 0));
    await untilRunning(tasks[0]);
    await untilRunning(tasks[1]);
    await killWorker(first);
    const channel = await stack.channel();
    for (const name of ["tanda.default.normal", "tanda.default~rides.normal"]) {
      const { messageCount } = await channel.checkQueue(name);
      assert.equal(messageCount, 0, "nothing that was not acknowledged came back");
    }
    await channel.close();
    await fleet.addWorker();
    assert.deepEqual(await Promise.all(answers), [2, 2]);
    assert.deepEqual(
      (await factsOf(tasks)).map(({ losses, attempt }) => [losses, attempt]),
      [
        [0, 2],
        [0, 2],
      ],
    );
  });

  test("a task that kills its process is charged only where it runs alone; its neighbours never pay", async () => {
    await fleet.addWorker();
    const good = Array.from({ length: 50 }, () => stack.makeId());
    const bad = stack.makeId();
    const answers = good.map((task, at) => {
      if (at === 10) void client.$.submit("poison", null, { task: bad });
      return client.$.run("rest", [at % 5 === 0 ? 300 : 20], { task });
    });
    await Promise.all(answers);
    await assert.rejects(client.$.task(bad).result(), { code: "crashed" });
    assert.deepEqual(
      (await factsOf(good)).filter(({ losses }) => losses > 0),
      [],
    );
    const [facts] = await factsOf([bad]);
    assert.equal(facts!.losses, 3);
    assert.equal(runsOf(bad).length, 4, "once among others, then three times alone");
  });

  test("what spins for five leases is not lost", async () => {
    const task = stack.makeId();
    assert.equal(await client.$.run("spin", 5000, { task }), 1);
    assert.deepEqual(runsOf(task), ["begin 1"]);
  });

  test("what a worker had that stood still runs on another; awake again, it stops what it lost, and changes nothing", async () => {
    const task = stack.makeId();
    const answer = client.$.run("rest", [15_000, 10], { task });
    await untilRunning(task);
    const name = (await factsOf([task]))[0]!.worker!;
    const still = fleet.workers.find(({ pid }) => name.includes(`-${pid}-`))!;
    process.kill(still.pid, "SIGSTOP");
    try {
      assert.equal(await answer, 2);
    } finally {
      process.kill(still.pid, "SIGCONT");
    }
    await until("the old run is stopped", () => runsOf(task).includes("abort 1"));
    await pause(300);
    assert.deepEqual(runsOf(task).toSorted(), ["abort 1", "begin 1", "begin 2", "end 2"]);
    const { state, attempt, result } = await client.$.get(task);
    assert.deepEqual([state, attempt, result], ["done", 2, 2]);
  });
});
