import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "../../src/client/client.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { Lines, type LineReply } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";

const ROUNDS = 20;
const IN_FLIGHT = 200;
/** Each start takes a second on a busy machine, and what was promised is asked for one by one. */
const SLOW_MS = 300_000;
const makeId = createIdMaker(7, Date.now, Math.random);

type Promised = { payload: string; answer: "queued" | "done" };

/** Submits until the node dies under it; notes only what was answered. */
async function submitUntilDeath(node: NodeProcess, promised: Map<string, Promised>): Promise<void> {
  const lines = await Lines.open(node.port);
  const asked = new Map<string, string>();
  let n = 0;
  const send = (): void => {
    const task = makeId();
    const payload = `t-${n}-${task}`;
    asked.set(task, payload);
    const wait = n++ % 2 === 0;
    lines.socket.write(
      `${JSON.stringify({ id: task, action: "upper", payload, options: { task, wait } })}\n`,
    );
  };
  lines.onReply = (reply: LineReply) => {
    const task = reply.id as string;
    const payload = asked.get(task)!;
    if (reply.status === "done") {
      assert.equal(reply.result?.data, payload.toUpperCase());
      promised.set(task, { payload, answer: "done" });
    } else if (reply.status === "queued") promised.set(task, { payload, answer: "queued" });
    else assert.fail(`an answer nobody asked for: ${JSON.stringify(reply)}`);
    send();
  };
  for (let i = 0; i < IN_FLIGHT; i++) send();
  await new Promise((resolve) => lines.socket.once("close", resolve));
}

async function check(node: NodeProcess, promised: ReadonlyMap<string, Promised>): Promise<void> {
  using lines = await Lines.open(node.port);
  const ids = [...promised.keys()];
  for (let from = 0; from < ids.length; from += 500) {
    const some = ids.slice(from, from + 500);
    const ends = await lines.askAll(some.map((task) => ({ op: "wait", task })));
    const rows = await lines.askAll(some.map((task) => ({ op: "get", task })));
    for (const [index, task] of some.entries()) {
      const expected = promised.get(task)!.payload.toUpperCase();
      assert.equal(ends[index]!.status, "done", `${task} was promised and is ${JSON.stringify(ends[index])}`);
      const row = rows[index]!.data as { state: string; result: unknown };
      assert.deepEqual([row.state, row.result], ["done", expected]);
    }
  }
}

describe("a node that is killed", () => {
  test(
    `keeps every promise through ${ROUNDS} kills at random moments under load`,
    { timeout: SLOW_MS },
    async (t) => {
      await using node = await startNodeProcess();
      const promised = new Map<string, Promised>();
      for (let round = 0; round < ROUNDS; round++) {
        const clients = [submitUntilDeath(node, promised), submitUntilDeath(node, promised)];
        await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 400));
        await node.kill("SIGKILL");
        await Promise.all(clients);
        await node.start();
      }
      assert.ok(promised.size > ROUNDS * 10, `only ${promised.size} promises were made: nothing was tested`);
      await check(node, promised);
      const queued = [...promised.values()].filter(({ answer }) => answer === "queued").length;
      t.diagnostic(`${promised.size} promises (${queued} queued, ${promised.size - queued} done), all kept`);
    },
  );

  test(
    "ends every call of the SDK once, with the recorded answer, though it is killed every second",
    { timeout: SLOW_MS },
    async (t) => {
      await using node = await startNodeProcess();
      const client = connect(`tanda://127.0.0.1:${node.port}`);
      const life = { isOver: false };
      let calls = 0;
      const work = async (name: number): Promise<void> => {
        for (let n = 0; !life.isOver; n++) {
          const result = await client.$.run("upper", `c-${name}-${n}`, { callTimeout: "60s" });
          assert.equal(result, `C-${name}-${n}`);
          calls++;
        }
      };
      const workers = Array.from({ length: 50 }, (_, name) => work(name));
      for (let round = 0; round < 8; round++) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await node.kill("SIGKILL");
        await node.start();
      }
      life.isOver = true;
      await Promise.all(workers);
      await client.$.close();
      assert.ok(calls > 100, `only ${calls} calls`);
      t.diagnostic(`${calls} calls through 8 kills`);
    },
  );

  test("loses no answer on SIGTERM under load: who was accepted is answered, the rest is told to go elsewhere", async (t) => {
    await using node = await startNodeProcess();
    const lines = await Lines.open(node.port);
    let sent = 0;
    let isStopping = false;
    const answers: LineReply[] = [];
    lines.onReply = (reply) => {
      answers.push(reply);
      if (!isStopping) send();
    };
    const send = (): void => {
      lines.socket.write(`${JSON.stringify({ id: ++sent, action: "sleep", payload: 5 })}\n`);
    };
    for (let i = 0; i < IN_FLIGHT; i++) send();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const closed = new Promise((resolve) => lines.socket.once("close", resolve));
    isStopping = true;
    assert.equal(await node.kill("SIGTERM"), 0);
    await closed;
    assert.equal(
      new Set(answers.map((reply) => reply.id)).size,
      answers.length,
      "something was answered twice",
    );
    const unanswered = sent - answers.length;
    const refused = answers.filter((reply) => reply.status === "failed");
    for (const reply of refused) assert.equal(reply.result?.error?.code, "unavailable");
    t.diagnostic(
      `${sent} sent, ${answers.length - refused.length} done, ${refused.length} told to go elsewhere, ${unanswered} unread`,
    );
    assert.equal(unanswered, 0);
  });
});
