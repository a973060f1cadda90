import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Ensemble } from "../../src/up/ensemble.ts";
import type { Health, ProcessPlan, Role } from "../../src/up/process-plan.ts";
import { Supervised, type Pace, type State } from "../../src/up/supervised.ts";
import { isAlive } from "../e2e/serve-process.ts";

const PACE: Pace = {
  firstPauseMs: 20,
  longestPauseMs: 50,
  forgivenAfterMs: 60_000,
  lookEveryMs: 10,
  lookSoonMs: 10,
};

type Child = { script: string; role?: Role; after?: string[]; check?: () => Health; stopWithinMs?: number };

class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "tanda-supervised-"));
  readonly told: string[] = [];
  readonly pauses: number[] = [];
  readonly #all: Ensemble[] = [];

  constructor(t: TestContext) {
    t.after(async () => {
      await Promise.all(this.#all.map((ensemble) => ensemble.end()));
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  start(children: Record<string, Child>): Ensemble {
    const plans = Object.entries(children).map(([name, child]) => this.#plan(name, child));
    // The instant that the pause was reckoned from: another look at the clock may be a millisecond on.
    let toldMs = 0;
    const now = (): number => (toldMs = Date.now());
    const onState = ({ plan, state }: Supervised, _was: State): void => {
      this.told.push(`${plan.name} ${state.is}`);
      if (state.is === "restarting") this.pauses.push(state.at - toldMs);
    };
    const ensemble = new Ensemble(plans, { now, pace: PACE, onState });
    this.#all.push(ensemble);
    ensemble.start();
    return ensemble;
  }

  async until(isSo: () => boolean): Promise<void> {
    for (let left = 1000; left > 0 && !isSo(); left--) await sleep(10);
    assert.ok(isSo(), this.told.join(", "));
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), "utf8");
  }

  #plan(name: string, { script, role = "node", after = [], check, stopWithinMs }: Child): ProcessPlan {
    return {
      name,
      role,
      host: "127.0.0.1",
      port: 1,
      after,
      command: () => ({
        program: "sh",
        args: ["-c", script, name, this.folder],
        env: process.env,
        user: null,
      }),
      logFile: this.file(`${name}.log`),
      check: async () => check?.() ?? { isReady: true, figures: null },
      stopSignal: "SIGTERM",
      stopWithinMs: stopWithinMs ?? null,
      hopelessCode: 2,
    };
  }
}

test("what dies is started again, after pauses that double up to the longest", async (t) => {
  const stage = new Stage(t);
  const ensemble = stage.start({ one: { script: "echo life >> $1/lives; exit 1" } });
  await stage.until(() => stage.pauses.length >= 4);
  await ensemble.stop();
  const lives = stage.read("lives").trim().split("\n").length;
  assert.ok(lives >= 4);
  assert.deepEqual(stage.pauses.slice(0, 4), [20, 40, 50, 50]);
  assert.equal(stage.told.at(-1), "one stopped");
});

test("it says by what it was killed, and is ready again with another id", async (t) => {
  const stage = new Stage(t);
  const ensemble = stage.start({ one: { script: "exec sleep 600" } });
  const [one] = ensemble.processes;
  await ensemble.allReady();
  const pid = one!.pid!;
  process.kill(pid, "SIGKILL");
  await stage.until(() => stage.told.includes("one restarting"));
  await stage.until(() => one!.state.is === "ready" && one!.pid !== pid);
  assert.equal(one!.restarts, 1);
  const now = one!.pid!;
  await ensemble.stop();
  assert.ok(!isAlive(now));
  assert.equal(one!.pid, null);
});

test("an exit that would come again is told, and not tried again", async (t) => {
  const stage = new Stage(t);
  const check = (): Health => ({ isReady: false, why: "not yet" });
  const ensemble = stage.start({ one: { script: "exit 2", check } });
  await stage.until(() => stage.told.includes("one failed"));
  assert.deepEqual(ensemble.processes[0]!.state, { is: "failed", why: "ended with 2" });
  await ensemble.stop();
  assert.deepEqual(stage.told, ["one starting", "one failed"]);
});

test("each starts when those before it are ready, and the order of the stop lets what is there be answered", async (t) => {
  const stage = new Stage(t);
  const script = "trap 'sleep 0.05; echo $0 >> $1/ended; exit' TERM; while :; do sleep 0.01; done";
  const isThere = { value: false };
  const check = (): Health =>
    isThere.value ? { isReady: true, figures: null } : { isReady: false, why: "later" };
  const ensemble = stage.start({
    balancer: { script, role: "balancer", after: ["gateway"] },
    gateway: { script, role: "gateway", after: ["store"] },
    worker: { script, role: "worker", after: ["store"] },
    monitor: { script, role: "store" },
    store: { script, role: "store", after: ["monitor"], check },
  });
  await stage.until(() => stage.told.includes("store starting"));
  await sleep(50);
  assert.deepEqual(stage.told, ["monitor starting", "monitor ready", "store starting"]);
  isThere.value = true;
  await ensemble.allReady();
  await ensemble.stop();
  const ended = stage.read("ended").trim().split("\n");
  assert.deepEqual(ended.filter((name) => name !== "balancer").join(), "gateway,worker,store,monitor");
  assert.ok(ended.indexOf("balancer") < ended.indexOf("store"));
});

test("who does not stop in time is ended, and `end` waits for nobody", async (t) => {
  const stage = new Stage(t);
  const script = "trap '' TERM; while :; do sleep 0.05; done";
  const one = stage.start({ one: { script, stopWithinMs: 50 } });
  await one.allReady();
  await one.stop();
  const other = stage.start({ other: { script } });
  await other.allReady();
  const pid = other.processes[0]!.pid!;
  const stopping = other.stop();
  await other.end();
  await stopping;
  assert.ok(!isAlive(pid));
});

test("one bad answer of many is not told, two are; and what was counted outlives a death", async (t) => {
  const stage = new Stage(t);
  const answers = { bad: 0, done: 5 };
  const check = (): Health => {
    if (answers.bad > 0) {
      answers.bad--;
      return { isReady: false, why: "out of breath" };
    }
    return { isReady: true, figures: { done: answers.done, failed: 1, inFlight: 0 } };
  };
  const ensemble = stage.start({ one: { script: "exec sleep 600", check } });
  const [one] = ensemble.processes;
  await ensemble.allReady();
  answers.bad = 1;
  await stage.until(() => answers.bad === 0);
  await sleep(50);
  assert.deepEqual(stage.told, ["one starting", "one ready"]);
  answers.bad = 2;
  await stage.until(() => stage.told.length === 4);
  assert.deepEqual(stage.told.slice(2), ["one not ready", "one ready"]);
  process.kill(one!.pid!, "SIGKILL");
  await stage.until(() => one!.state.is === "restarting");
  answers.done = 3;
  await stage.until(() => one!.tally.done === 8);
  assert.deepEqual([one!.tally.done, one!.tally.failed], [8, 2]);
});

test("a preparation that fails is a death like any other", async (t) => {
  const stage = new Stage(t);
  const told: string[] = [];
  const file = stage.file("there");
  const plan: ProcessPlan = {
    name: "one",
    role: "store",
    host: "127.0.0.1",
    port: 1,
    after: [],
    prepare: async () => void readFileSync(file),
    command: () => ({ program: "sleep", args: ["600"], env: process.env, user: null }),
    logFile: stage.file("one.log"),
    check: async () => ({ isReady: true, figures: null }),
    stopSignal: "SIGTERM",
    stopWithinMs: null,
  };
  const one = new Supervised(plan, {
    now: Date.now,
    pace: PACE,
    onState: ({ state }) => told.push(state.is === "restarting" ? state.why : state.is),
  });
  t.after(() => one.end());
  one.start();
  await stage.until(() => told.length >= 2);
  assert.match(told[1]!, /ENOENT/);
  writeFileSync(file, "");
  await one.wasReady;
});
