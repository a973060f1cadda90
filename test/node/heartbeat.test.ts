/** Health is what succeeded in the last few seconds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "../../src/engine/admission.ts";
import { Forecast } from "../../src/engine/forecast.ts";
import { Recent } from "../../src/engine/recent.ts";
import { startHeartbeat } from "../../src/node/duties/heartbeat.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { openProcessPool } from "../worker/open-process-pool.ts";
import { until } from "../until.ts";

test("a store that stops answering in the middle of a beat makes the node not ready", async (t) => {
  await using store = await openSqliteStore({ path: ":memory:" });
  const admission = new Admission({ maxQueued: 10 });
  let isHanging = false;
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const duty = await startHeartbeat({
    store: {
      probe: () => store.probe(),
      counts: async () => {
        if (isHanging) await gate;
        return store.counts();
      },
    },
    admission,
    recent: new Recent(Date.now),
    unwritten: () => 0,
    forecast: new Forecast(),
    dataDir: null,
    diskReserveBytes: 0,
    pool: { probe: async () => {} },
    trouble: () => null,
    onError: (error) => assert.fail(String(error)),
  });
  t.after(() => duty.stop());
  assert.equal(admission.health.state, "ready");
  isHanging = true;
  await until(() => admission.health.state === "not_ready");
  isHanging = false;
  open();
  await until(() => admission.health.state === "ready");
});

test("a worker's process that stands still makes the node not ready until it goes on", async (t) => {
  await using store = await openSqliteStore({ path: ":memory:" });
  await using pool = openProcessPool();
  await pool.start();
  const admission = new Admission({ maxQueued: 10 });
  const duty = await startHeartbeat({
    store,
    admission,
    recent: new Recent(Date.now),
    unwritten: () => 0,
    forecast: new Forecast(),
    dataDir: null,
    diskReserveBytes: 0,
    pool,
    trouble: () => null,
    onError: (error) => assert.fail(String(error)),
  });
  t.after(() => duty.stop());
  assert.equal(admission.health.state, "ready");
  process.kill(pool.pid!, "SIGSTOP");
  await until(() => admission.health.state === "not_ready");
  assert.match(admission.health.reason!, /^The worker does not answer/);
  process.kill(pool.pid!, "SIGCONT");
  await until(() => admission.health.state === "ready");
  process.kill(pool.pid!, "SIGKILL");
  await assert.rejects(pool.probe(), { code: "unavailable" });
  await until(() =>
    pool.probe().then(
      () => true,
      () => false,
    ),
  );
});
