/** What every queue must do, whatever stands behind it. A driver calls this with how to open one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Message, Queue } from "../../src/queue/queue.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { DEFAULT_POLICY, type PriorityLevel, type TaskSpec } from "../../src/task/task.ts";
import { until } from "../until.ts";

const START = 1_800_000_000_000;
const makeId = createIdMaker(0, () => START, Math.random);
const anyRoom = (): number => Infinity;

export type MessageOptions = {
  action?: string;
  queue?: string;
  priority?: PriorityLevel;
  at?: number;
  isRide?: boolean;
  payload?: string;
};

export function message(options: MessageOptions = {}): Message {
  const { action = "upper", queue = "default", priority = 1, at = START, isRide = true } = options;
  const { payload = '"hola"' } = options;
  const spec: TaskSpec = {
    id: makeId(),
    action,
    queue,
    priority,
    payload,
    payloadBlob: null,
    owner: null,
    key: null,
    policy: DEFAULT_POLICY,
    dueAt: null,
    expiresAt: null,
    createdAt: at,
  };
  return { spec, attempt: 1, isRide, isSuspect: false };
}

/** Has a row, and so waits where a server keeps what it has. */
export function promised(options: MessageOptions = {}): Message {
  return message({ ...options, isRide: false });
}

/** What was published may have a way to go before it can be taken here. */
export async function arrived(queue: Queue, messages: readonly Message[]): Promise<void> {
  await until("all wait here", () => messages.every(({ spec }) => queue.position(spec.id) !== null));
}

/** Takes until it has so many. */
export async function takeSoon(
  queue: Queue,
  count: number,
  room: (action: string) => number = anyRoom,
): Promise<Message[]> {
  const taken: Message[] = [];
  await until(`${count} are taken`, () => {
    taken.push(...queue.take(count - taken.length, room));
    return taken.length >= count;
  });
  return taken;
}

/** @param open a queue with nothing in it. */
export function queueContract(name: string, open: () => Promise<Queue>): void {
  describe(`${name} as a queue`, () => {
    test("gives what was published, in order, and only once", async () => {
      await using queue = await open();
      const messages = Array.from({ length: 100 }, () => message());
      queue.publish(messages);
      assert.deepEqual(await takeSoon(queue, 60), messages.slice(0, 60));
      assert.deepEqual(await takeSoon(queue, 40), messages.slice(60));
      const last = message();
      queue.publish([last]);
      assert.deepEqual(await takeSoon(queue, 1), [last]);
      assert.deepEqual(queue.take(60, anyRoom), []);
    });

    test("gives what is put back again, before what came later", async () => {
      await using queue = await open();
      const messages = [message(), message()];
      queue.publish(messages);
      await arrived(queue, messages);
      const taken = queue.take(1, anyRoom);
      queue.putBack(taken);
      assert.deepEqual(queue.take(10, anyRoom), messages);
    });

    test("gives a task that is already here or taken no second time, until it is settled", async () => {
      await using queue = await open();
      const one = message();
      const behind = [message(), message(), message()];
      queue.publish([one, one, behind[0]!]);
      assert.deepEqual(await takeSoon(queue, 2), [one, behind[0]]);
      queue.publish([one, behind[1]!]);
      assert.deepEqual(await takeSoon(queue, 1), [behind[1]]);
      queue.settle([one]);
      queue.publish([one, behind[2]!]);
      assert.deepEqual(await takeSoon(queue, 2), [one, behind[2]]);
    });

    test("starts higher priorities first", async () => {
      await using queue = await open();
      const messages = ([0, 1, 2, 3] as const).map((priority) => message({ priority }));
      queue.publish(messages);
      await arrived(queue, messages);
      const given = queue.take(10, anyRoom).map(({ spec }) => spec.priority);
      assert.deepEqual(given, [3, 2, 1, 0]);
    });

    test("starves nothing: an old low one goes before a new critical one", async () => {
      await using queue = await open();
      const old = message({ priority: 0, at: START - 3_600_000 });
      const fresh = message({ priority: 3 });
      queue.publish([fresh, old]);
      await arrived(queue, [fresh, old]);
      assert.deepEqual(queue.take(10, anyRoom), [old, fresh]);
    });

    test("an action without room does not hold up others behind it", async () => {
      await using queue = await open();
      const slow = [message({ action: "slow" }), message({ action: "slow" })];
      const fast = [message({ action: "fast" }), message({ action: "fast" })];
      queue.publish([...slow, ...fast]);
      await arrived(queue, [...slow, ...fast]);
      const given = queue.take(10, (action) => (action === "slow" ? 1 : 10));
      assert.deepEqual(new Set(given), new Set([slow[0], ...fast]));
      assert.deepEqual(queue.take(10, anyRoom), [slow[1]]);
    });

    test("gives nothing of a paused queue, and all of it after it is resumed", async () => {
      await using queue = await open();
      const held = message({ queue: "held" });
      const free = message();
      queue.pause("held");
      queue.publish([held, free]);
      assert.deepEqual(await takeSoon(queue, 1), [free]);
      assert.deepEqual(queue.take(10, anyRoom), []);
      let calls = 0;
      queue.onReady(() => calls++);
      queue.resume("held");
      assert.deepEqual(await takeSoon(queue, 1), [held]);
      assert.ok(calls > 0);
    });

    test("tells when there is something to take", async () => {
      await using queue = await open();
      let calls = 0;
      queue.onReady(() => calls++);
      queue.publish([message()]);
      await until("it is told", () => calls > 0);
    });

    test("removes what waits, and not what was taken", async () => {
      await using queue = await open();
      const [taken, waiting] = [message(), message()];
      queue.publish([taken, waiting]);
      await arrived(queue, [taken, waiting]);
      queue.take(1, anyRoom);
      assert.deepEqual(queue.remove([taken.spec.id, waiting.spec.id, makeId()]), [waiting.spec.id]);
      assert.deepEqual(queue.take(10, anyRoom), []);
    });

    test("knows how many wait, since when, and who is before whom", async () => {
      await using queue = await open();
      const messages = [message({ at: START - 500 }), message(), message({ queue: "other" })];
      queue.publish(messages);
      await arrived(queue, messages);
      const depths = new Map(queue.depths().map((depth) => [depth.queue, depth]));
      assert.equal(depths.get("default")?.waiting, 2);
      assert.equal(depths.get("default")?.oldestAt, START - 500);
      assert.ok(depths.get("default")!.waitingBytes > 0);
      assert.equal(queue.position(messages[0]!.spec.id), 0);
      assert.equal(queue.position(messages[1]!.spec.id), 1);
      assert.equal(queue.position(makeId()), null);
      queue.take(10, anyRoom);
      assert.equal(
        queue.depths().reduce((sum, depth) => sum + depth.waiting + depth.waitingBytes, 0),
        0,
      );
    });

    test("gives nothing once it is not to take, whatever comes or is put back; then all of it", async () => {
      await using queue = await open();
      const taken = message();
      const waiting = [message(), promised()];
      queue.publish([taken, ...waiting]);
      await arrived(queue, [taken, ...waiting]);
      assert.deepEqual(queue.take(1, anyRoom), [taken]);
      queue.stopTaking();
      queue.stopTaking();
      assert.deepEqual(queue.take(10, anyRoom), []);
      const later = message();
      queue.publish([later]);
      queue.putBack([taken]);
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.deepEqual(queue.take(10, anyRoom), []);
      let calls = 0;
      queue.onReady(() => calls++);
      queue.startTaking();
      const all = await takeSoon(queue, 4);
      const byId = (one: Message, other: Message): number => (one.spec.id < other.spec.id ? -1 : 1);
      assert.deepEqual(all.toSorted(byId), [taken, ...waiting, later].toSorted(byId), "and as they were");
      assert.ok(calls > 0);
      assert.deepEqual(queue.take(10, anyRoom), []);
    });

    test("gives only rides before a stop", async () => {
      await using queue = await open();
      const ride = message();
      const promised = message({ isRide: false });
      queue.publish([promised, ride]);
      await arrived(queue, [promised, ride]);
      queue.quiesce();
      assert.deepEqual(queue.take(10, anyRoom), [ride]);
    });
  });
}
