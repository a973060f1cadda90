/**
 * What any gateway may do with the tasks, queues and nodes of all, and that a flood of a limited action holds up no other: tests that
 * a file calls with its stack.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../src/actions/define.ts";
import { bothQueues, Held, pause, type Stack } from "./stack.ts";
import { until } from "../until.ts";

export function gatewaysSuite(stack: () => Stack): void {
  for (const on of bothQueues) {
    test(`what one gateway let in is seen, watched, stopped, tried again and deleted by another (${on})`, async () => {
      const held = new Held();
      const run = (payload: unknown, context: Context): Promise<unknown> => {
        context.progress("on its way");
        return held.run(payload, context);
      };
      await using _worker = await stack().worker({ steered: { queue: "steered", run } }, on);
      await using one = await stack().gateway(on);
      await using two = await stack().gateway(on);
      const { $ } = two.client;
      const submitted = await one.client.$.submit("steered", "hola");
      const { task } = submitted;
      const told: string[] = [];
      const watching = (async () => {
        for await (const event of $.watch({ task }))
          told.push(event.type === "state" ? event.state : event.type);
      })();
      await held.begun();
      const result = submitted.result();
      result.catch(() => {});
      await until("it is shown as running", async () => (await $.get(task)).state === "running");
      assert.equal((await $.explain(task)).reason, "running");
      assert.deepEqual(
        (await $.list({ queue: "steered" })).tasks.map((view) => [view.task, view.state]),
        [[task, "running"]],
      );
      const [own, others] = await Promise.all([one.client.$.stats(), $.stats()]);
      assert.deepEqual(own.states, others.states);

      assert.equal((await $.cancel(task)).state, "cancelled");
      await until("its handler is told", () => held.runs[0]!.signal.aborted);
      await assert.rejects(result, { code: "cancelled" });
      await watching;
      assert.equal(told.at(-1), "cancelled");

      const after = one.client.$.retry(task);
      await held.begun(2);
      assert.equal((await after).state, "queued");
      const again: string[] = [];
      const watchingAgain = (async () => {
        for await (const event of $.watch({ task }))
          again.push(event.type === "state" ? event.state : event.type);
      })();
      await until("it is watched", () => again.length > 0);
      held.runs[1]!.end("done at last");
      assert.equal(await $.task(task).result(), "done at last");
      await watchingAgain;
      assert.equal(again.at(-1), "done");
      await $.delete(task);
      await assert.rejects(one.client.$.get(task), { code: "not_found" });
    });

    test(`what a queue and an action did lately is told by any gateway, whoever let it in and ran it (${on})`, async () => {
      const run = (payload: unknown): unknown => {
        if (payload === "odd") throw new Error("odd");
        return payload;
      };
      await using _worker = await stack().worker({ counted: { queue: "counted", run } }, on);
      await using one = await stack().gateway(on);
      await using two = await stack().gateway(on);
      for (const payload of ["even", "odd", "even"])
        await one.client.$.run("counted", payload).catch((error: unknown) =>
          assert.equal((error as { code: string }).code, "task_error"),
        );
      // Neither ran anything, and the second let nothing in: it is told what the others say each second.
      for (const { $ } of [one.client, two.client])
        await until(
          "both are told",
          async () => {
            const queue = (await $.queues()).find((view) => view.queue === "counted")!;
            const action = (await $.actions()).find((view) => view.action === "counted")!;
            const rates = [queue.perSecond, action.perSecond];
            const { finished, failed, runMs } = action.last10m;
            return (
              rates.every((rate) => rate.submitted > 0 && rate.finished > rate.failed && rate.failed > 0) &&
              finished === 3 &&
              failed === 1 &&
              runMs.p99 > 0
            );
          },
          9000,
        );
    });

    test(`a queue is paused, purged, drained and opened by one gateway for all; each shows all nodes and workers (${on})`, async () => {
      const ran: unknown[] = [];
      const run = (payload: unknown): unknown => ran.push(payload);
      await using _worker = await stack().worker({ halted: { queue: "halted", run } }, on);
      await using one = await stack().gateway(on);
      await using two = await stack().gateway(on);
      const { $ } = two.client;
      await $.pause("halted");
      const elsewhere = one.client.$;
      const waits = await elsewhere.submit("halted", "purged");
      assert.equal((await elsewhere.explain(waits.task)).reason, "paused");
      await pause(300);
      assert.deepEqual(ran, [], "it holds for all when it is answered");
      assert.equal((await $.purge("halted")).cancelled, 1);
      await assert.rejects(waits.result(), { code: "cancelled" });
      await $.drain("halted");
      await assert.rejects(elsewhere.run("halted", "refused", { callTimeout: 200 }), { code: "busy" });
      await $.resume("halted");
      await elsewhere.run("halted", "let in");
      assert.deepEqual(ran, ["let in"]);

      for (const { client } of [one, two]) {
        await until("all are shown", async () => (await client.$.nodes()).length === 3);
        const nodes = await client.$.nodes();
        assert.equal(new Set(nodes.map(({ node }) => node)).size, 3);
        assert.deepEqual(nodes.map(({ roles }) => roles.join()).toSorted(), ["gateway", "gateway", "worker"]);
        assert.equal((await client.$.workers()).length, 1);
      }
    });
  }

  for (const on of bothQueues)
    test(`a flood of an action that is limited holds up no other of its queue (${on})`, async () => {
      const held = new Held();
      const queue = `flooded-${on}`;
      await using _worker = await stack().worker(
        {
          limited: { queue, concurrency: 1, run: held.run },
          other: { queue, run: (payload: unknown) => payload },
        },
        on,
      );
      await using gateway = await stack().gateway(on);
      const flood = Array.from({ length: 300 }, () => stack().makeId());
      for (const task of flood) await gateway.client.$.submit("limited", 1, { task });
      await held.begun();
      assert.equal(await gateway.client.$.run("other", 2), 2);
      assert.equal(held.runs.length, 1, "all the others wait");
      await gateway.client.$.cancel(flood[0]!);
      await Promise.all(flood.slice(1).map((task) => gateway.client.$.cancel(task)));
      held.runs[0]!.end(0);
    });
}
