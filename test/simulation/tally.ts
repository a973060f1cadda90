/** What many histories come to, for people. */
import type { Told } from "./history.ts";

const PRINT_EVERY_MS = 1000;

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

  get hasFailed(): boolean {
    return this.#failed.length > 0;
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
    if (!process.stdout.isTTY || performance.now() - this.#printedAt < PRINT_EVERY_MS) return;
    this.#printedAt = performance.now();
    process.stdout.write(
      `\r${this.#sums.histories} of ${this.#count} histories, ${this.#failed.length} failed `,
    );
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
    console.log(`Failed: ${this.#failed.map(({ seed }) => seed).join(", ")}`);
    console.log("Each is to be kept in test/simulation/seeds.json.");
  }
}
