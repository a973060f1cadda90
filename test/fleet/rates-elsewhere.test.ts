import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeInfo } from "../../src/fleet/presence.ts";
import { withActionRates, withQueueRates } from "../../src/fleet/rates-elsewhere.ts";
import type { ActionView, QueueView } from "../../src/protocol/messages.ts";

const rate = { submitted: 1, finished: 2, failed: 1 };
const nothing = { submitted: 0, finished: 0, failed: 0 };
const last10m = { finished: 20, failed: 10, startDelayMs: { p50: 1, p99: 5 }, runMs: { p50: 2, p99: 9 } };

/** As one of an older version tells of itself, unless more is said. */
function told(more: Partial<NodeInfo> = {}): NodeInfo {
  const node = { node: 2, pid: 1, version: "0", roles: [], state: "ready" as const, startedAt: 0 };
  const about = { ...node, rssBytes: 0, connections: 0, listen: [] };
  return { v: 1, node: about, workers: [], rates: null, actions: [], means: {}, ...more };
}

test("what others tell of a queue is added to what is known here; an older version tells nothing", () => {
  const view = { mode: "open", counts: {}, waiting: 3, oldestAgeMs: null } as const;
  const views: QueueView[] = [
    { ...view, queue: "__proto__", perSecond: rate },
    { ...view, queue: "calm", perSecond: nothing },
  ];
  const others = [
    told(),
    told({ queueRates: [{ queue: "__proto__", perSecond: rate }] }),
    told({ queueRates: [{ queue: "unknown here", perSecond: rate }] }),
  ];
  assert.deepEqual(withQueueRates(views, others), [
    { ...views[0], perSecond: { submitted: 2, finished: 4, failed: 2 } },
    views[1],
  ]);
  assert.deepEqual(views[0]!.perSecond, rate, "the views that were given stay as they were");
});

test("what others tell of an action is added up, and of delays the worst is told", () => {
  const view = { queue: "q", priority: "normal", attempts: 1, timeoutMs: 1, isServed: true } as const;
  const views: ActionView[] = [{ ...view, action: "a", perSecond: rate, last10m }];
  const slow = { ...last10m, startDelayMs: { p50: 3, p99: 4 }, runMs: { p50: 1, p99: 99 } };
  const others = [told(), told({ actionRates: [{ action: "a", perSecond: nothing, last10m: slow }] })];
  assert.deepEqual(withActionRates(views, others), [
    {
      ...views[0],
      last10m: { finished: 40, failed: 20, startDelayMs: { p50: 3, p99: 5 }, runMs: { p50: 2, p99: 99 } },
    },
  ]);
});
