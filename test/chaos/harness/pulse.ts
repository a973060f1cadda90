/** How well customers are served, by the moment: what tells when all is as before. */
import type { Order } from "./orders.ts";

const BIN_MS = 100;
const KEPT_BINS = 600;
const KEPT_PROBES = 4000;

type Probe = { readonly from: number; readonly tookMs: number };
export type Well = { readonly perSecond: number; readonly slowMs: number };

export class Pulse {
  /** Orders that came to their end, for each tenth of a second. */
  readonly #bins = new Map<number, number>();
  #probes: Probe[] = [];
  total = 0;

  /** @param from when it was sent, and `at` when it was over. */
  beat({ way, payload }: Order, from: number, at: number): void {
    this.total++;
    const bin = Math.floor(at / BIN_MS);
    this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + 1);
    if (this.#bins.size > KEPT_BINS) this.#bins.delete(this.#bins.keys().next().value!);
    if (way !== "ride" || payload.ms > 0) return;
    this.#probes.push({ from, tookMs: at - from });
    if (this.#probes.length > KEPT_PROBES) this.#probes = this.#probes.slice(KEPT_PROBES / 2);
  }

  /** Of so long a time, up to this moment; of answers only those to what was sent after `since`. */
  over(ms: number, at: number, since = -Infinity): Well {
    const last = Math.floor(at / BIN_MS) - 1;
    const count = Math.round(ms / BIN_MS);
    let sum = 0;
    for (let bin = last - count + 1; bin <= last; bin++) sum += this.#bins.get(bin) ?? 0;
    const took = this.#probes
      .filter(({ from, tookMs }) => from >= since && from + tookMs >= at - ms)
      .map(({ tookMs }) => tookMs)
      .sort((a, b) => a - b);
    const slowMs = took.length === 0 ? Infinity : took[Math.floor(took.length * 0.9)]!;
    return { perSecond: (sum * 1000) / ms, slowMs };
  }
}
