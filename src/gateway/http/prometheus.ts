/** What the node measures, as Prometheus text. Seconds, `_total`, and a registry of this gateway's own. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Registry } from "prom-client";
import type { Histogram } from "../../engine/metrics.ts";
import type { GatewayContext } from "../context.ts";

type Labels = Record<string, string | number>;
type Sample = { metricName?: string; labels: Labels; value: number };
type Kind = "gauge" | "counter" | "histogram";
type Read = (seen: Seen) => Sample[];

/** All that one scrape asks for, asked once. */
type Seen = {
  stats: Awaited<ReturnType<GatewayContext["own"]["stats"]>>;
  queues: Awaited<ReturnType<GatewayContext["own"]["queues"]>>;
  workers: Awaited<ReturnType<GatewayContext["own"]["workers"]>>;
};

const NS_A_SECOND = 1e9;
const LAG_RESOLUTION_MS = 20;

export class Prometheus {
  readonly #context: GatewayContext;
  readonly #registry = new Registry();
  /** Runs from the first scrape on: it wakes the process fifty times a second, which nobody should pay who asks for no figures. */
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  #seen: Seen | null = null;

  constructor(context: GatewayContext) {
    this.#context = context;
    this.#registerTasks();
    this.#registerNode();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    const { own } = this.#context;
    const [stats, queues, workers] = await Promise.all([own.stats(), own.queues(), own.workers()]);
    this.#seen = { stats, queues, workers };
    const text = await this.#registry.metrics();
    if (!this.#loopDelay.enable()) this.#loopDelay.reset();
    return text;
  }

  close(): void {
    this.#loopDelay.disable();
  }

  #registerTasks(): void {
    const { metrics } = this.#context.own;
    this.#add("gauge", "tanda_tasks", "Tasks in the store.", ({ stats }) =>
      stats.counts.map(({ state, action, queue, count }) => ({
        labels: { state, action, queue },
        value: count,
      })),
    );
    this.#add("counter", "tanda_tasks_finished_total", "Tasks that ended, and how.", () =>
      metrics
        .finished()
        .map(({ action, state, code, count }) => ({ labels: { action, state, code }, value: count })),
    );
    this.#add("gauge", "tanda_queue_depth", "Tasks that wait to run.", ({ queues }) =>
      queues.map(({ queue, waiting }) => ({ labels: { queue }, value: waiting })),
    );
    this.#add("gauge", "tanda_queue_oldest_age_seconds", "How long the oldest has waited.", ({ queues }) =>
      queues.map(({ queue, oldestAgeMs }) => ({ labels: { queue }, value: (oldestAgeMs ?? 0) / 1000 })),
    );
    const delay = "tanda_schedule_to_start_seconds";
    this.#add("histogram", delay, "From when a task was due to when its attempt began.", () =>
      histograms(delay, metrics.startDelay),
    );
    const run = "tanda_run_seconds";
    this.#add("histogram", run, "How long attempts ran.", () => histograms(run, metrics.run));
    this.#add("gauge", "tanda_threads", "Threads, by what they do.", ({ workers }) => {
      const counts = new Map<string, number>([
        ["starting", 0],
        ["idle", 0],
        ["busy", 0],
        ["stuck", 0],
      ]);
      for (const { threads } of workers) {
        for (const { state } of threads) counts.set(state, (counts.get(state) ?? 0) + 1);
      }
      return [...counts].map(([state, value]) => ({ labels: { state }, value }));
    });
  }

  #registerNode(): void {
    const { connections, budget, certificateExpiresAt } = this.#context;
    const one = (name: string, help: string, kind: Kind, read: (seen: Seen) => number): void =>
      this.#add(kind, name, help, (seen) => [{ labels: {}, value: read(seen) }]);
    this.#add(
      "gauge",
      "tanda_event_loop_lag_seconds",
      "Delay of the event loop since the last scrape.",
      () => [
        { labels: { quantile: "0.5" }, value: seconds(this.#loopDelay.percentile(50)) },
        { labels: { quantile: "0.99" }, value: seconds(this.#loopDelay.percentile(99)) },
        { labels: { quantile: "1" }, value: seconds(this.#loopDelay.max) },
      ],
    );
    one("tanda_connections", "Open connections.", "gauge", () => connections.count);
    one(
      "tanda_connections_refused_total",
      "Connections closed for being too many.",
      "counter",
      () => connections.refused,
    );
    one("tanda_in_flight_bytes", "Bytes of requests that are not answered.", "gauge", () => budget.bytes);
    one(
      "tanda_in_flight_tasks",
      "Tasks accepted and not final, as the node counts them.",
      "gauge",
      ({ stats }) => stats.inFlight,
    );
    one("tanda_store_bytes", "Size of the store.", "gauge", ({ stats }) => stats.storeBytes);
    this.#add(
      "gauge",
      "tanda_certificate_expires_timestamp_seconds",
      "When the certificate for TLS expires; absent without one.",
      () => {
        const expiresAt = certificateExpiresAt();
        return expiresAt === null ? [] : [{ labels: {}, value: expiresAt / 1000 }];
      },
    );
    one("process_resident_memory_bytes", "Resident memory.", "gauge", () => process.memoryUsage.rss());
    one("process_cpu_seconds_total", "CPU time, user and system.", "counter", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
  }

  /** The registry takes anything that can say its values; ours are kept elsewhere, and are read when asked for. */
  #add(type: Kind, name: string, help: string, read: Read): void {
    const get = (): object => ({
      name,
      help,
      type,
      values: this.#seen ? read(this.#seen) : [],
      aggregator: "sum",
    });
    this.#registry.registerMetric({ name, get } as unknown as Parameters<Registry["registerMetric"]>[0]);
  }
}

/** The monitor tells how long its timer took, with the time it was set to. */
function seconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NS_A_SECOND - LAG_RESOLUTION_MS / 1000);
}

function histograms(name: string, byAction: ReadonlyMap<string, Histogram>): Sample[] {
  const samples: Sample[] = [];
  for (const [action, histogram] of byAction) {
    let below = 0;
    histogram.bounds.forEach((le, i) => {
      below += histogram.counts[i]!;
      samples.push({ metricName: `${name}_bucket`, labels: { action, le }, value: below });
    });
    samples.push({ metricName: `${name}_bucket`, labels: { action, le: "+Inf" }, value: histogram.count });
    samples.push({ metricName: `${name}_sum`, labels: { action }, value: histogram.sum });
    samples.push({ metricName: `${name}_count`, labels: { action }, value: histogram.count });
  }
  return samples;
}
