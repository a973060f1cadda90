/** What was measured over the last minutes, hours and day: bounded, in memory, of this life of the process. */
import type { HistoryPoint, HistoryView, HistoryWindow, StatsView } from "../protocol/messages.ts";

const STEPS: { readonly [Window in HistoryWindow]: { readonly stepMs: number; readonly points: number } } = {
  "10m": { stepMs: 2000, points: 300 },
  "2h": { stepMs: 30_000, points: 240 },
  "1d": { stepMs: 300_000, points: 288 },
};

/** How often a sample is to be added. */
export const SAMPLE_EVERY_MS = 2000;

export class History {
  readonly #rings: { readonly [Window in HistoryWindow]: Ring } = {
    "10m": new Ring(STEPS["10m"]),
    "2h": new Ring(STEPS["2h"]),
    "1d": new Ring(STEPS["1d"]),
  };

  add(stats: StatsView): void {
    const point = pointOf(stats);
    for (const ring of Object.values(this.#rings)) ring.add(stats.at, point);
  }

  /** Oldest first. Nothing stands for the time before the start, nor for what was slept through. */
  view(window: HistoryWindow): HistoryView {
    const { stepMs } = STEPS[window];
    return { window, stepMs, points: this.#rings[window].points() };
  }
}

class Ring {
  readonly #stepMs: number;
  readonly #most: number;
  readonly #points: HistoryPoint[] = [];
  /** Samples in the latest point. */
  #samples = 0;

  constructor({ stepMs, points }: { stepMs: number; points: number }) {
    this.#stepMs = stepMs;
    this.#most = points;
  }

  add(at: number, sample: Omit<HistoryPoint, "at">): void {
    const begin = at - (at % this.#stepMs);
    const latest = this.#points.at(-1);
    if (latest === undefined || begin > latest.at) {
      this.#points.push({ at: begin, ...sample });
      if (this.#points.length > this.#most) this.#points.shift();
      this.#samples = 1;
      return;
    }
    // Of the same time; or the clock went back, and it counts where we are.
    this.#points[this.#points.length - 1] = { at: latest.at, ...joined(latest, sample, this.#samples++) };
  }

  points(): HistoryPoint[] {
    const from = (this.#points.at(-1)?.at ?? 0) - this.#stepMs * this.#most;
    return this.#points.filter(({ at }) => at > from);
  }
}

function pointOf({
  perSecond,
  startDelayMs,
  runMs,
  states,
  inFlight,
  threads,
}: StatsView): Omit<HistoryPoint, "at"> {
  return { perSecond, startDelayMs, runMs, waiting: states.queued ?? 0, inFlight, threads };
}

/** Rates are means; of what is worst the worst. */
function joined(a: HistoryPoint, b: Omit<HistoryPoint, "at">, samples: number): Omit<HistoryPoint, "at"> {
  const mean = (one: number, more: number): number => (one * samples + more) / (samples + 1);
  return {
    perSecond: {
      submitted: mean(a.perSecond.submitted, b.perSecond.submitted),
      finished: mean(a.perSecond.finished, b.perSecond.finished),
      failed: mean(a.perSecond.failed, b.perSecond.failed),
    },
    startDelayMs: {
      p50: mean(a.startDelayMs.p50, b.startDelayMs.p50),
      p99: Math.max(a.startDelayMs.p99, b.startDelayMs.p99),
    },
    runMs: { p50: mean(a.runMs.p50, b.runMs.p50), p99: Math.max(a.runMs.p99, b.runMs.p99) },
    waiting: Math.max(a.waiting, b.waiting),
    inFlight: Math.max(a.inFlight, b.inFlight),
    threads: { total: b.threads.total, busy: mean(a.threads.busy, b.threads.busy) },
  };
}
