/** What the page makes of what the nodes tell, before anything is drawn. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { filled } from "../../dashboard/src/charts/filled.ts";
import { goneOf, seenNow } from "../../dashboard/src/drawing/gone.ts";
import { paceOf } from "../../dashboard/src/drawing/pace.ts";
import { placesOf, sizeOf } from "../../dashboard/src/drawing/places.ts";
import { systemOf, type Told } from "../../dashboard/src/drawing/system.ts";
import { grouped, isOfGroup } from "../../dashboard/src/failed/group.ts";
import { concernsOf } from "../../dashboard/src/overview/attention.ts";
import { copyAs } from "../../dashboard/src/try/copy-as.ts";
import { firstValue, kindOf } from "../../dashboard/src/try/schema.ts";
import type { HistoryPoint, NodeView, TaskView, WorkerView } from "../../src/protocol/messages.ts";

const node = (number: number, more: Partial<NodeView> = {}): NodeView => ({
  node: number,
  pid: 1,
  version: "0",
  roles: ["gateway", "worker"],
  state: "ready",
  startedAt: 0,
  rssBytes: 1,
  connections: number,
  listen: [],
  ...more,
});
const worker = (number: number, threads: number, busy = 0): WorkerView => ({
  worker: String(number),
  node: number,
  pid: 1,
  state: "running",
  startedAt: 0,
  rssBytes: 1,
  threads: Array.from({ length: threads }, (_, thread) => ({
    thread,
    state: thread < busy ? ("busy" as const) : ("idle" as const),
    tasks: thread < busy ? [{ task: "t", action: "a", sinceMs: 1 }] : [],
  })),
});
function told(nodes: NodeView[], workers: WorkerView[], more: Partial<Told> = {}): Told {
  const stats = {
    at: 0,
    uptimeMs: 1,
    counts: [],
    states: { done: 10 },
    perSecond: { submitted: 60, finished: 60, failed: 0 },
    startDelayMs: { p50: 1, p99: 2 },
    runMs: { p50: 1, p99: 2 },
    inFlight: 0,
    inFlightBytes: 0,
    connections: 0,
    threads: { total: 1, busy: 0 },
    eventLoopLagMs: 0,
    storeBytes: 1,
  };
  return { nodes, workers, queues: [], stats, ...more };
}
const twelve = (threads: number): Told =>
  told(
    Array.from({ length: 12 }, (_, n) => node(n + 1)),
    Array.from({ length: 12 }, (_, n) => worker(n + 1, threads, n % 2)),
  );

describe("the drawing", () => {
  for (const [name, told12, isNarrow] of [
    ["of one node", told([node(0)], [worker(0, 2)]), false],
    ["of twelve nodes", twelve(4), false],
    ["of twelve nodes with 64 threads each", twelve(64), false],
    ["of twelve nodes on a phone", twelve(8), true],
  ] as const)
    test(`${name} has every box once, and none upon another`, () => {
      const system = systemOf(told12);
      const places = placesOf(system, isNarrow);
      assert.equal(places.length, system.columns.flat().length);
      assert.equal(new Set(places.map(({ box }) => box.id)).size, places.length);
      for (const [at, a] of places.entries())
        for (const b of places.slice(at + 1)) {
          const isBeside = a.x + a.width <= b.x || b.x + b.width <= a.x;
          const isBelow = a.y + a.height <= b.y || b.y + b.height <= a.y;
          assert.ok(isBeside || isBelow, `${a.box.id} and ${b.box.id}`);
        }
      const { width, height } = sizeOf(places);
      assert.ok(width > 0 && height > 0);
      const ids = new Set(places.map(({ box }) => box.id));
      for (const { from, to } of system.flows) assert.ok(ids.has(from) && ids.has(to), `${from} → ${to}`);
    });

  test("shares the measured rates out over what is up, and gives nothing to what is down", () => {
    const { flows } = systemOf(
      told(
        [node(1), node(2), node(3, { state: "down", connections: 9, roles: [] })],
        [worker(1, 2, 1), worker(2, 2, 1)],
      ),
    );
    const rateTo = (id: string): number =>
      flows.filter(({ to }) => to === id).reduce((sum, { perSecond }) => sum + perSecond, 0);
    assert.equal(rateTo("gateway 3"), 0);
    assert.ok(rateTo("gateway 2") > rateTo("gateway 1"));
    assert.equal(rateTo("queue"), 60);
    assert.equal(rateTo("storage"), 60);
    assert.equal(rateTo("worker 1"), 30);
  });

  test("keeps a node that took its leave for a minute, as stopped, and gives nothing to it", () => {
    const [one, two] = [node(1), node(2)];
    let seen = seenNow(new Map(), [one, two], 1000);
    assert.deepEqual(goneOf(seen, [one, two]), []);
    seen = seenNow(seen, [one], 30_000);
    const { columns, flows } = systemOf(told([one], [worker(1, 2)]), goneOf(seen, [one]));
    const stopped = columns.flat().filter((box) => "health" in box && box.health === "stopped");
    assert.deepEqual(
      stopped.map(({ id }) => id),
      ["gateway 2", "worker 2"],
    );
    assert.ok(flows.filter(({ from }) => from.endsWith(" 2")).every(({ perSecond }) => perSecond === 0));
    assert.deepEqual(goneOf(seenNow(seen, [one], 62_000), [one]), []);
  });

  test("flows faster and denser from one task a minute to 100,000 a second, and not at all at none", () => {
    assert.equal(paceOf(0), null);
    const paces = [1 / 60, 1, 10, 100, 1000, 10_000, 100_000].map((rate) => paceOf(rate)!);
    for (const [at, pace] of paces.entries()) {
      assert.ok(pace.gapPx >= 10 && pace.gapPx <= 80);
      const before = paces[at - 1];
      if (before)
        assert.ok(pace.gapPx < before.gapPx && pace.gapPx / pace.seconds > before.gapPx / before.seconds);
    }
    assert.deepEqual(paceOf(1e9), paceOf(100_000));
  });
});

test("what needs somebody is told, the worst first; what is well is not", () => {
  assert.deepEqual(concernsOf(told([node(0)], [worker(0, 2)])), []);
  const queue = {
    queue: "mail",
    counts: {},
    waiting: 3,
    perSecond: { submitted: 0, finished: 0, failed: 0 },
  };
  const concerns = concernsOf(
    told([node(1), node(2, { state: "down" })], [{ ...worker(1, 2), state: "draining" }], {
      queues: [
        { ...queue, mode: "paused", oldestAgeMs: 90_000 },
        { ...queue, queue: "slow", mode: "open", oldestAgeMs: 70_000 },
      ],
    }),
  );
  assert.deepEqual(
    concerns.map(({ is, tone }) => `${tone} ${is}`),
    ["bad down", "bad late", "warn drainingWorker", "warn paused"],
  );
  assert.deepEqual(
    concernsOf(told([node(1)], [])).map(({ is }) => is),
    ["noWorkers"],
  );
});

test("failures that differ in numbers, ids and quoted names only are of one kind", () => {
  const failure = (message: string, action = "charge"): TaskView =>
    ({ task: message, action, error: { code: "task_error", message } }) as TaskView;
  const tasks = [
    failure("card 12 was refused"),
    failure("card 9345 was refused"),
    failure('"ana" is no customer'),
    failure('"luis" is no customer'),
    failure("card 12 was refused", "refund"),
    failure("object 5f3e9ab0c1d2e3f4a5b6c7d8 is gone"),
    failure("object 00ffaabbccddeeff00112233 is gone"),
    failure("card 3 was refused"),
  ];
  const groups = grouped(tasks);
  assert.deepEqual(
    groups.map((group) => group.tasks.length),
    [3, 2, 2, 1],
  );
  assert.equal(tasks.filter(isOfGroup(groups[0]!)).length, 3);
});

test("where nothing was measured for long, a chart has a gap; one late sample is none", () => {
  const point = (at: number): HistoryPoint => ({ at }) as HistoryPoint;
  const points = filled({ window: "10m", stepMs: 2, points: [0, 2, 6, 20].map(point) });
  assert.deepEqual(
    points.map(({ at }) => at),
    [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20],
  );
  assert.deepEqual(
    points.filter((one) => one.point === null).map(({ at }) => at),
    [8, 10, 12, 14, 16, 18],
  );
});

test("a copied line keeps what a shell would take for its own, and never the token", () => {
  const copied = {
    action: "echo",
    payload: { text: "it's $HOME `now`" },
    options: { delay: "5m" },
    origin: "http://localhost:9000",
    hasToken: true,
  };
  assert.equal(
    copyAs("cli", copied),
    `npx tanda run echo '{"text":"it'\\''s $HOME \`now\`"}' --delay 5m --server tanda://localhost:9000`,
  );
  assert.match(copyAs("curl", copied), /-H "authorization: Bearer \$TANDA_TOKEN"/);
  assert.match(copyAs("nc", copied), /^printf '%s\\n' '\{"op":"auth","token":"'"\$TANDA_TOKEN"'"\}' /);
  assert.match(
    copyAs("ts", { ...copied, origin: "https://tanda.example" }),
    /connect\("wss:\/\/tanda\.example"/,
  );
});

test("a form begins with what is needed and what is usual, and leaves out what may be absent", () => {
  const schema = {
    type: "object",
    required: ["name", "size"],
    properties: {
      name: { type: "string" },
      size: { enum: ["small", "large"] },
      count: { type: "integer", default: 3 },
      address: { type: "object", required: ["street"], properties: { street: { type: "string" } } },
      note: { anyOf: [{ type: "string" }, { type: "null" }] },
    },
  };
  assert.deepEqual(firstValue(schema), { name: "", size: "small", count: 3 });
  assert.equal(kindOf(schema.properties.note), "text");
  assert.equal(kindOf({ type: ["string", "number"] }), "json");
  assert.equal(kindOf({}), "json");
});
