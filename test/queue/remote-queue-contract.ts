/** What every queue that lies elsewhere must do, beside what every queue must. A driver calls this with how to open one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RemoteQueue, RemoteQueueOptions } from "../../src/queue/remote-queue.ts";
import { arrived, message, takeSoon } from "./queue-contract.ts";
import { until } from "../until.ts";

const anyRoom = (): number => Infinity;
const one = (): number => 1;

/** @param open those of the same names are of one Tanda. @param newNames like no other's. */
export function remoteQueueContract(
  name: string,
  newNames: () => string,
  open: (names: string, options: Partial<RemoteQueueOptions>) => Promise<RemoteQueue>,
): void {
  describe(`${name} as a queue of many`, () => {
    test("several takers share, also those that came before the queue did", async () => {
      const names = newNames();
      const options = { tasksAtOnce: one, prefetch: 2 };
      await using a = await open(names, options);
      await using b = await open(names, options);
      await using sender = await open(names, { ...options, consumes: false });
      const messages = Array.from({ length: 300 }, () => message({ queue: "new" }));
      sender.publish(messages);
      const taken: string[][] = [[], []];
      await until("all were taken", () => {
        for (const [n, queue] of [a, b].entries()) {
          const some = queue.take(1, anyRoom);
          queue.settle(some);
          taken[n]!.push(...some.map(({ spec }) => spec.id));
        }
        return taken.flat().length >= 300;
      });
      assert.deepEqual(new Set(taken.flat()), new Set(messages.map(({ spec }) => spec.id)));
      assert.equal(taken.flat().length, 300);
      assert.ok(
        taken.every((ids) => ids.length > 20),
        taken.map((ids) => ids.length).join(),
      );
    });

    test("a flood of an action that has a lane of its own holds up no other of its queue, and all of it comes", async () => {
      const names = newNames();
      const hasOwnLane = (action: string): boolean => action === "limited";
      const options = { tasksAtOnce: one, prefetch: 2, hasOwnLane };
      await using sender = await open(names, { ...options, consumes: false });
      const flood = Array.from({ length: 50 }, () => message({ action: "limited" }));
      sender.publish(flood);
      const other = message();
      sender.publish([other]);
      await using taker = await open(names, options);
      const isFull = (action: string): number => (action === "limited" ? 0 : 1);
      assert.deepEqual(await takeSoon(taker, 1, isFull), [other]);
      assert.deepEqual(taker.take(10, isFull), []);
      for (let left = flood.length; left > 0;) {
        const taken = await takeSoon(taker, 1);
        taker.settle(taken);
        left -= taken.length;
      }
    });

    test("what came to one who is not to take goes to another, but for what it has taken", async () => {
      const names = newNames();
      await using full = await open(names, {});
      const messages = Array.from({ length: 20 }, () => message());
      full.publish(messages);
      await arrived(full, messages);
      const [taken, ...rest] = messages;
      assert.deepEqual(full.take(1, anyRoom), [taken]);
      full.stopTaking();
      await using other = await open(names, {});
      const came = await takeSoon(other, rest.length);
      assert.deepEqual(
        came.map(({ spec }) => spec.id).toSorted(),
        rest.map(({ spec }) => spec.id).toSorted(),
      );
      assert.ok(
        came.every(({ isRide, isRepeat }) => isRide && isRepeat === undefined),
        "nobody had begun them",
      );
      other.settle(came);
      const more = message();
      full.publish([more]);
      assert.deepEqual(await takeSoon(other, 1), [more]);
      // It was taken all the while, and is put back now: it is for who takes.
      full.putBack([taken!]);
      assert.deepEqual(await takeSoon(other, 1), [taken]);
      const adopted = message();
      full.adopt([adopted]);
      assert.equal(full.position(adopted.spec.id), null, "who takes will find it");
      assert.equal(full.health.isConsuming, true, "that it takes nothing is no trouble");
    });

    test("of a paused queue nothing comes, of its actions' own lanes neither; then all of it does", async () => {
      const names = newNames();
      await using taker = await open(names, { hasOwnLane: (action) => action === "limited" });
      taker.pause("default");
      const messages = ["limited", "upper"].map((action) => message({ action }));
      taker.publish([...messages, message({ queue: "other" })]);
      assert.equal((await takeSoon(taker, 1))[0]!.spec.queue, "other");
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.deepEqual(taker.take(10, anyRoom), []);
      taker.resume("default");
      const taken = await takeSoon(taker, 2);
      assert.deepEqual(
        new Set(taken.map(({ spec }) => spec.id)),
        new Set(messages.map(({ spec }) => spec.id)),
      );
    });
  });
}
