/** A node that is killed and started again: what waited, ran, was due or paused is there as it was, and goes on. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { QueueView, StatsView, TaskView } from "../../src/protocol/messages.ts";
import { Lines } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";
import { Place } from "./serve-process.ts";

const actions = fileURLToPath(new URL("./fixtures/recovery.ts", import.meta.url));
const THREADS = 2;

class Talk implements Disposable {
  readonly lines: Lines;

  constructor(lines: Lines) {
    this.lines = lines;
  }

  static async to(node: NodeProcess): Promise<Talk> {
    return new Talk(await Lines.open(node.port));
  }

  async submit(action: string, payload: unknown, options: object = {}): Promise<string> {
    const reply = await this.lines.ask({ action, payload, options: { wait: false, ...options } });
    assert.ok(["queued", "scheduled"].includes(reply.status), JSON.stringify(reply));
    return reply.task!;
  }

  async get(task: string): Promise<TaskView> {
    const reply = await this.lines.ask({ op: "get", task });
    assert.equal(reply.status, "ok", `${task}: ${JSON.stringify(reply)}`);
    return reply.data as TaskView;
  }

  async until(task: string, isSo: (view: TaskView) => boolean): Promise<TaskView> {
    for (;;) {
      const view = await this.get(task);
      if (isSo(view)) return view;
      assert.ok(!["done", "failed", "cancelled", "expired"].includes(view.state), JSON.stringify(view));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async result(task: string): Promise<unknown> {
    const reply = await this.lines.ask({ op: "wait", task });
    assert.equal(reply.status, "done", JSON.stringify(reply));
    return reply.result!.data;
  }

  /** Until so many rows say that they run, which they do after about a second: before that an attempt is not on record. */
  async untilClaimed(count: number): Promise<void> {
    const claimed = async (): Promise<number> =>
      ((await this.lines.ask({ op: "stats" })).data as StatsView).states.running ?? 0;
    while ((await claimed()) !== count) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async queue(name: string): Promise<QueueView> {
    const queues = (await this.lines.ask({ op: "queues" })).data as QueueView[];
    return queues.find(({ queue }) => queue === name)!;
  }

  [Symbol.dispose](): void {
    this.lines[Symbol.dispose]();
  }
}

const isRunning = ({ state }: TaskView): boolean => state === "running";
/** What must not change by a death and a start. */
const lasting = ({
  state,
  attempt,
  losses,
  createdAt,
  dueAt,
  key,
  error,
  result,
  history,
  log,
  progress,
}: TaskView): object => ({
  state,
  attempt,
  losses,
  createdAt,
  dueAt,
  key,
  error,
  result,
  history,
  log,
  progress,
});

describe("a node that is killed and started again", () => {
  test("has every task in the state it was in, and goes on with it", async () => {
    await using node = await startNodeProcess(["--actions", actions, "--threads", String(THREADS)]);
    const before = await Talk.to(node);

    const done = await before.submit("upper", "done");
    assert.equal(await before.result(done), "DONE");
    const failed = await before.submit("fails", 9);
    const retrying = await before.submit("fails", 1, {
      attempts: 3,
      backoff: { type: "fixed", delay: "1h" },
    });
    const retryingSoon = await before.submit("fails", 1, {
      attempts: 3,
      backoff: { type: "fixed", delay: "2s" },
    });
    for (const [task, state] of [
      [failed, "failed"],
      [retrying, "retrying"],
      [retryingSoon, "retrying"],
    ] as const)
      await before.until(task, (view) => view.state === state);
    const delayed = await before.submit("upper", "delayed", { delay: "1h" });
    const delayedLittle = await before.submit("upper", "delayed a little", { delay: "2s" });
    await before.lines.ask({ op: "pause", queue: "held" });
    await before.lines.ask({ op: "drain", queue: "closed" });
    const held = await Promise.all(
      ["a", "b", "c"].map((text) => before.submit("upper", text, { queue: "held" })),
    );
    const late = await before.submit("upper", "late", { queue: "held", expires: "1s" });
    const cancelled = await before.submit("upper", "cancelled", { queue: "held" });
    await before.lines.ask({ op: "cancel", task: cancelled });
    const keyed = await before.submit("upper", "keyed", { queue: "held", key: "order-7" });
    // Every thread is taken, so the rest waits.
    const running = await Promise.all(Array.from({ length: THREADS }, () => before.submit("hangs", 1)));
    await before.untilClaimed(THREADS);
    const queued = await Promise.all(
      Array.from({ length: 20 }, (_, n) => before.submit("upper", `queued ${n}`)),
    );
    for (const task of queued) assert.equal((await before.get(task)).state, "queued");

    const asItWas = [done, failed, retrying, delayed, cancelled, keyed, ...held];
    const views = await Promise.all(asItWas.map(async (task) => lasting(await before.get(task))));
    await node.kill("SIGKILL");
    await node.start();

    const { interrupted, queued: waiting } = node.log.findLast(({ msg }) => msg === "tanda listens")!;
    assert.equal(interrupted, THREADS);
    // Those that waited, those that were interrupted, and those of the paused queue.
    assert.ok((waiting as number) >= queued.length + THREADS + held.length, String(waiting));
    using after = await Talk.to(node);
    assert.deepEqual(await Promise.all(asItWas.map(async (task) => lasting(await after.get(task)))), views);
    assert.deepEqual(
      await Promise.all(queued.map((task) => after.result(task))),
      queued.map((_, n) => `QUEUED ${n}`),
    );
    for (const task of running) {
      assert.deepEqual(await after.result(task), { attempt: 2 });
      const view = await after.get(task);
      assert.equal(view.losses, 0, "it did not run alone, so nobody knows that it was to blame");
      assert.deepEqual(
        view.history?.map(({ attempt, code }) => [attempt, code]),
        [[1, "lost"]],
      );
    }
    assert.equal(await after.result(delayedLittle), "DELAYED A LITTLE");
    assert.deepEqual(await after.result(retryingSoon), { attempt: 2 });
    assert.equal((await after.until(late, ({ state }) => state === "expired")).attempt, 0);

    assert.equal((await after.queue("held")).mode, "paused");
    assert.equal((await after.queue("held")).waiting, held.length + 1);
    const refused = await after.lines.ask({ action: "upper", payload: "x", options: { queue: "closed" } });
    assert.equal(refused.result?.error?.code, "busy", "a queue that is being drained stays so");
    assert.equal(await after.submit("upper", "keyed", { queue: "held", key: "order-7" }), keyed);
    const other = await after.lines.ask({ action: "upper", payload: "other", options: { key: "order-7" } });
    assert.equal(other.result?.error?.code, "conflict");
    await after.lines.ask({ op: "resume", queue: "held" });
    assert.deepEqual(await Promise.all([...held, keyed].map((task) => after.result(task))), [
      "A",
      "B",
      "C",
      "KEYED",
    ]);
    assert.equal(
      ((await after.lines.ask({ op: "cancel", task: delayed })).data as TaskView).state,
      "cancelled",
    );
  });

  test("charges a loss to a task that ran alone, and gives it up when it has no more", async () => {
    await using node = await startNodeProcess(["--actions", actions, "--threads", String(THREADS)]);
    const first = await Talk.to(node);
    const patient = await first.submit("hangs", 2);
    const unlucky = await first.submit("hangs", 9, { losses: 1 });
    await first.untilClaimed(2);

    // They ran beside each other: both are suspects, none is charged.
    await node.kill("SIGKILL");
    await node.start();
    const second = await Talk.to(node);
    for (const task of [patient, unlucky]) {
      const view = await second.until(task, (one) => isRunning(one) && one.attempt === 2);
      assert.equal(view.losses, 0);
    }

    // Now each has run alone.
    await node.kill("SIGKILL");
    await node.start();
    using third = await Talk.to(node);
    assert.deepEqual(await third.result(patient), { attempt: 3 });
    assert.equal((await third.get(patient)).losses, 1);
    const view = await third.until(unlucky, ({ state, attempt }) => state === "failed" || attempt > 2);
    assert.equal(view.state, "failed");
    assert.equal(view.error?.code, "lost");
    assert.equal(view.losses, 1);
  });

  test("runs a task that was interrupted again only once for each start, and a result is recorded once", async () => {
    await using node = await startNodeProcess(["--actions", actions, "--threads", "1"]);
    const first = await Talk.to(node);
    const task = await first.submit("hangs", 1);
    await first.untilClaimed(1);
    await node.kill("SIGKILL");
    await node.start();
    using second = await Talk.to(node);
    assert.deepEqual(await second.result(task), { attempt: 2 });
    const view = await second.get(task);
    await node.kill("SIGKILL");
    await node.start();
    using third = await Talk.to(node);
    assert.deepEqual(lasting(await third.get(task)), lasting(view), "a finished task is left alone");
  });

  test("starts on a folder in which a first start was cut off", async () => {
    using place = new Place();
    mkdirSync(join(place.data, "blobs"), { recursive: true });
    for (const name of ["tanda.db", "in-hand"]) writeFileSync(join(place.data, name), "");
    await using serve = place.serve();
    using lines = await Lines.open(await serve.listening());
    assert.equal((await lines.ask({ action: "upper", payload: "hola", options: {} })).result?.data, "HOLA");
  });

  test("removes what was half-written when it died, and the folder of its threads, but not that of a living node", async () => {
    using place = new Place();
    await using dead = place.serve();
    await dead.listening();
    const [left] = place.leftovers as [string];
    dead.signal("SIGKILL");
    await dead.exited;
    assert.deepEqual(place.leftovers, [left], "kill -9 cannot clean up");
    await using living = place.serve({ args: ["--data", ":memory:"] });
    await living.listening();
    const others = place.leftovers.filter((name) => name !== left);
    const halfWritten = join(place.data, "blobs", "tmp", "half-written");
    writeFileSync(halfWritten, "x".repeat(1000));
    // A young folder may belong to a node that is just starting; these are old.
    const longAgo = Date.now() / 1000 - 600;
    for (const name of place.leftovers) utimesSync(join(place.path, "tmp", name), longAgo, longAgo);

    await using next = place.serve();
    using lines = await Lines.open(await next.listening());
    assert.ok(!place.leftovers.includes(left));
    for (const name of others) assert.ok(place.leftovers.includes(name), `${name} belongs to a living node`);
    assert.deepEqual(readdirSync(join(place.data, "blobs", "tmp")), []);
    assert.equal((await lines.ask({ action: "upper", payload: "hola" })).result?.data, "HOLA");
    using alive = await Lines.open(await living.listening());
    assert.equal((await alive.ask({ action: "upper", payload: "hola" })).result?.data, "HOLA");
  });
});
