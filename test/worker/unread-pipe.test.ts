/** What a thread has not read yet, when it is asked back and given on again and again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_POLICY, NORMAL, type ActionInfo } from "../../src/task/task.ts";
import type { ToProcess } from "../../src/worker/control-messages.ts";
import { Dispatcher } from "../../src/worker/dispatcher.ts";
import type { Run } from "../../src/worker/pool.ts";
import { RunMeans } from "../../src/worker/run-means.ts";
import { EXCLUSIVE, SHARED } from "../../src/worker/slots.ts";
import { ThreadLink } from "../../src/worker/thread-link.ts";
import { until } from "../until.ts";
import { FrameCutter } from "../../src/worker/thread-wire.ts";

const MIB = 1024 * 1024;
const ACTION: ActionInfo = {
  name: "echo",
  description: null,
  queue: "default",
  priority: NORMAL,
  policy: DEFAULT_POLICY,
  concurrency: null,
  expiresMs: null,
  input: null,
  output: null,
};

function run(seq: number): Run {
  const payload = JSON.stringify("p".repeat(50_000));
  return { seq, task: "t", action: "echo", attempt: 1, timeoutMs: 1000, payload, payloadBlob: null };
}

test("does not fill its pipe without end, and when it reads again it is given more", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const means = new RunMeans();
  means.add("echo", 0.01);
  let frees = 0;
  const nothing = (): void => {};
  const dispatcher = new Dispatcher(means, {
    ended: nothing,
    reported: nothing,
    free: () => frees++,
    retiring: nothing,
    settled: nothing,
  });
  dispatcher.serve([ACTION], 2);
  const deaf: Socket[] = [];
  // Its supervisor, which finds that nothing has begun: the thread has read nothing of it.
  const open = async (key: number): Promise<{ link: ThreadLink; socket: Socket }> => {
    const link = new ThreadLink(key, (message: ToProcess) => {
      if (message.type === "recall")
        setImmediate(() => dispatcher.recalled(link, { ...message, type: "recalled", begun: 0 }));
    });
    const coming = once(server, "connection");
    const socket = connect(port, "127.0.0.1");
    deaf.push(((await coming)[0] as Socket).pause());
    const events = { closed: nothing, turn: () => dispatcher.turn(), garbled: nothing };
    link.attach(socket, new FrameCutter(), dispatcher.listen(link), events);
    return { link, socket };
  };
  const threads = [await open(1), await open(2)];
  t.after(() => [...deaf, ...threads.map(({ socket }) => socket)].forEach((socket) => socket.destroy()));
  dispatcher.links = threads.map(({ link }) => link);
  const unread = (): number => threads.reduce((sum, { socket }) => sum + socket.writableLength, 0);

  dispatcher.run(Array.from({ length: 400 }, (_, seq) => run(seq)));
  let most = 0;
  for (let round = 0; round < 100; round++) {
    for (const { link } of threads) for (const lane of [EXCLUSIVE, SHARED] as const) link.recall(lane);
    await delay(5);
    most = Math.max(most, unread());
  }
  assert.ok(most > 0, "the pipes are full");
  assert.ok(most < 12 * MIB, `${(most / MIB).toFixed(0)} MiB lie in the pipes of two threads`);
  assert.ok(dispatcher.hasWaiting, "what has no place waits here");

  const before = frees;
  for (const socket of deaf) socket.resume();
  await until(() => unread() === 0 && frees > before);
  assert.ok(
    threads.some(({ link }) => link.inHand.values().length > 0),
    "they are given more",
  );
  dispatcher.returnAll();
});
