/** Reads what handlers wrote down, as it grows, and keeps of each task what rules need; of the few that ran more than once, all. */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { Column } from "./column.ts";
import { readRecord, RECORD_BYTES, type WitnessRecord } from "./witness-record.ts";

export type Execution = {
  readonly attempt: number;
  readonly pid: number;
  readonly begunAt: number;
  /** Null: it died, or still runs. */
  endedAt: number | null;
  isDone: boolean;
};

const READ_BYTES = RECORD_BYTES * 4096;
type Watched = { readonly file: number; offset: number };

export class Witness implements Disposable {
  readonly folder: string;
  /** Tasks whose executions had two ids: one key made two tasks. */
  readonly twoIds = new Set<number>();
  executions = 0;
  readonly #files = new Map<string, Watched>();
  readonly #buffer = Buffer.alloc(READ_BYTES);
  readonly #begun = new Column(Uint8Array);
  readonly #attempts = new Column(Uint16Array);
  readonly #ended = new Column(Uint16Array);
  readonly #pids = new Column(Uint32Array);
  readonly #begunAt = new Column(Float64Array);
  readonly #endedAt = new Column(Float64Array);
  readonly #ids = new Column(Float64Array);
  /** Of tasks that began more than once. */
  readonly #several = new Map<number, Execution[]>();
  /** Begun and not ended, by process. */
  readonly #open = new Map<number, number>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Takes what was written since. */
  read(): void {
    for (const name of readdirSync(this.folder)) {
      let watched = this.#files.get(name);
      if (watched === undefined) {
        watched = { file: openSync(join(this.folder, name), "r"), offset: 0 };
        this.#files.set(name, watched);
      }
      this.#readOne(watched);
    }
  }

  /** How often it began. */
  countOf(n: number): number {
    return this.#begun.get(n);
  }

  /** When it first began; 0: it never did. */
  begunAtOf(n: number): number {
    return this.#begunAt.get(n);
  }

  isDone(n: number, attempt: number): boolean {
    const several = this.#several.get(n);
    if (several === undefined) return this.#ended.get(n) === attempt;
    return several.some((one) => one.attempt === attempt && one.isDone);
  }

  /** Tasks that began more than once, with all their executions. */
  get several(): ReadonlyMap<number, readonly Execution[]> {
    return this.#several;
  }

  /** What this process has begun and not ended. */
  openOf(pid: number): number {
    return this.#open.get(pid) ?? 0;
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #readOne(watched: Watched): void {
    for (;;) {
      const bytes = readSync(watched.file, this.#buffer, 0, READ_BYTES, watched.offset);
      const whole = bytes - (bytes % RECORD_BYTES);
      for (let at = 0; at < whole; at += RECORD_BYTES) this.#take(readRecord(this.#buffer, at));
      watched.offset += whole;
      if (bytes < READ_BYTES) return;
    }
  }

  #take(record: WitnessRecord): void {
    const { n, pid, moment, idTail } = record;
    this.#open.set(pid, this.openOf(pid) + (moment === "begun" ? 1 : -1));
    const known = this.#ids.get(n);
    if (known === 0) this.#ids.set(n, idTail);
    else if (known !== idTail) this.twoIds.add(n);
    if (moment === "begun") this.#begin(record);
    else this.#end(record);
  }

  #begin({ n, attempt, pid, at }: WitnessRecord): void {
    this.executions++;
    const before = this.#begun.get(n);
    this.#begun.set(n, Math.min(before + 1, 255));
    if (before === 0) {
      this.#attempts.set(n, attempt);
      this.#pids.set(n, pid);
      this.#begunAt.set(n, at);
      return;
    }
    let several = this.#several.get(n);
    if (several === undefined) this.#several.set(n, (several = [this.#first(n)]));
    several.push({ attempt, pid, begunAt: at, endedAt: null, isDone: false });
  }

  #first(n: number): Execution {
    const endedAt = this.#endedAt.get(n);
    return {
      attempt: this.#attempts.get(n),
      pid: this.#pids.get(n),
      begunAt: this.#begunAt.get(n),
      endedAt: endedAt === 0 ? null : endedAt,
      isDone: this.#ended.get(n) > 0,
    };
  }

  #end({ n, attempt, pid, at, moment }: WitnessRecord): void {
    const several = this.#several.get(n);
    if (several === undefined) {
      if (moment === "done") this.#ended.set(n, attempt);
      this.#endedAt.set(n, at);
      return;
    }
    const one = several.findLast((one) => one.attempt === attempt && one.pid === pid && one.endedAt === null);
    if (one === undefined) return;
    one.endedAt = at;
    one.isDone = moment === "done";
  }
}
