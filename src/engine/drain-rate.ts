/**
 * How many tasks can end a second, measured while enough wait that none could end sooner. Two ways: those whose end is told here,
 * over exactly the times in which enough waited; and, where others end them too, totals told about once a second.
 */
const SAMPLES = 5;
/** What is told sooner after another says too little. */
const LEAST_APART_MS = 250;
/** What was measured over less is chance, or the slow start of what runs tasks: who is told by that waits far too long. */
const LEAST_BUSY_MS = 2000;
/** Of what ends, so much is for who was told when to come, whoever else walks in. */
const LEAST_PROMISED = 0.1;
/** What is older counts half. */
const HALF_LIFE_MS = 4000;

export class DrainRate {
  #samples: { readonly at: number; readonly ended: number }[] = [];
  #wereEnough = false;
  #sampled: number | null = null;
  #busySince: number | null = null;
  #ended = 0;
  #walkedIn = 0;
  #busyMs = 0;

  get isBusy(): boolean {
    return this.#busySince !== null;
  }

  /** Enough wait, or no longer. */
  setBusy(isBusy: boolean, now: number): void {
    this.#settle(now);
    this.#busySince = isBusy ? now : null;
  }

  ended(count: number): void {
    if (this.#busySince !== null) this.#ended += count;
  }

  /** One was let in that nobody told when to come: it takes a part of what ends. */
  walkedIn(): void {
    if (this.#busySince !== null) this.#walkedIn++;
  }

  /** @param ended how many there are that have ended, whenever; it sinks when they are forgotten. */
  sample(at: number, ended: number, areEnoughWaiting: boolean): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < LEAST_APART_MS) return;
    if (!areEnoughWaiting || !this.#wereEnough || (last !== undefined && ended < last.ended))
      this.#samples = [];
    this.#wereEnough = areEnoughWaiting;
    this.#samples.push({ at, ended });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    const first = this.#samples[0]!;
    if (first.at < at) this.#sampled = ((ended - first.ended) / (at - first.at)) * 1000;
  }

  /** For how many there is room, beside those who walk in. Null before anything was measured. */
  perSecond(now: number): number | null {
    this.#settle(now);
    if (this.#busyMs < LEAST_BUSY_MS) return this.#sampled;
    const ended = Math.max((this.#ended / this.#busyMs) * 1000, this.#sampled ?? 0);
    const walkedIn = (this.#walkedIn / this.#busyMs) * 1000;
    return Math.max(ended - walkedIn, ended * LEAST_PROMISED);
  }

  #settle(now: number): void {
    if (this.#busySince === null) return;
    this.#busyMs += now - this.#busySince;
    this.#busySince = now;
    if (this.#busyMs < HALF_LIFE_MS) return;
    this.#busyMs /= 2;
    this.#ended /= 2;
    this.#walkedIn /= 2;
  }
}
