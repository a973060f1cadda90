/** What many histories come to, for people. */
import type { Told } from "./history.ts";

/** On a terminal a line that changes, elsewhere a line each time. */
const PRINT_EVERY_MS = process.stdout.isTTY ? 1000 : 30_000;

export class Tally {
  readonly #count: number;
  readonly #startedAt = performance.now();
  readonly #failed: Told[] = [];
  readonly #struck = new Map<string, number>();
  readonly #sums = { histories: 0, virtualMs: 0, events: 0, orders: 0, executions: 0, again: 0 };
  #printedAt = performance.now();

  constructor(count: number) {
    this.#count = count;
  }

  /** Seeds of those that failed. */
  get failed(): readonly number[] {
    return this.#failed.map(({ seed }) => seed);
  }

  add(told: Told): void {
    const sums = this.#sums;
    sums.histories++;
    for (const name of ["virtualMs", "events", "orders", "executions", "again"] as const)
      sums[name] += told[name];
    for (const [name, times] of told.struck) this.#struck.set(name, (this.#struck.get(name) ?? 0) + times);
    if (told.broken.length > 0) {
      this.#failed.push(told);
      this.#tell(told);
    }
    this.#progress();
  }

  #tell({ seed, shape, struck, broken }: Told): void {
    const faults = [...struck].map(([name, times]) => `${name} ${times}`).join(", ");
    console.log(`\nSeed ${seed} (${shape}; ${faults || "no faults"})`);
    for (const text of broken) console.log(`  ${text}`);
    console.log(`  npm run simulate -- --seed ${seed}`);
  }

  #progress(): void {
    if (performance.now() - this.#printedAt < PRINT_EVERY_MS) return;
    this.#printedAt = performance.now();
    const text = `${this.#sums.histories} of ${this.#count} histories, ${this.#failed.length} failed`;
    process.stdout.write(process.stdout.isTTY ? `\r${text} ` : `${text}\n`);
  }

  print(): void {
    const { histories, virtualMs, events, orders, executions, again } = this.#sums;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const say = (n: number): string => Math.round(n).toLocaleString("en");
    if (process.stdout.isTTY) process.stdout.write("\r");
    console.log(`${say(histories)} histories in ${say(seconds)} s, ${this.#failed.length} failed.`);
    console.log(`${say(virtualMs / 3_600_000)} hours of virtual time, ${say(events)} events.`);
    console.log(
      `${say(orders)} orders, ${say(executions)} executions, ${say(again)} of an attempt that had been run before.`,
    );
    console.log("Faults that struck:");
    for (const [name, times] of [...this.#struck].sort(([, a], [, b]) => b - a))
      console.log(`${say(times).padStart(10)}  ${name}`);
    if (this.#failed.length === 0) return;
    console.log(`Failed: ${this.failed.join(", ")}`);
    console.log("They are kept in test/simulation/seeds.json, and run before all others from now on.");
  }
}
