/**
 * What a handler writes down each time it begins and ends, in a file of its thread's own: by no connection, through no queue, so that no
 * fault can hide it. A write is one call to the kernel; what it has taken survives the death of the process.
 *
 *   0 task's number u32 | 4 attempt u16 | 6 which of MOMENTS u8 | 7 — | 8 process u32 | 12 — | 16 part of the task's id, 48 bits | 24 when, ms f64
 */
export const RECORD_BYTES = 32;
const ID_BYTES = 6;
const ID_DIGITS = 12;

/** done: its result is on the way. left: it threw, or was aborted. Who is killed says nothing. */
export const MOMENTS = ["begun", "done", "left"] as const;
export type Moment = (typeof MOMENTS)[number];

export type WitnessRecord = {
  readonly n: number;
  readonly attempt: number;
  readonly moment: Moment;
  readonly pid: number;
  /** The last 48 bits of the task's id. */
  readonly idTail: number;
  readonly at: number;
};

export function writeRecord(into: Buffer, record: WitnessRecord): void {
  into.writeUInt32LE(record.n, 0);
  into.writeUInt16LE(record.attempt, 4);
  into.writeUInt8(MOMENTS.indexOf(record.moment), 6);
  into.writeUInt32LE(record.pid, 8);
  into.writeUIntLE(record.idTail, 16, ID_BYTES);
  into.writeDoubleLE(record.at, 24);
}

export function readRecord(from: Buffer, at: number): WitnessRecord {
  return {
    n: from.readUInt32LE(at),
    attempt: from.readUInt16LE(at + 4),
    moment: MOMENTS[from.readUInt8(at + 6)]!,
    pid: from.readUInt32LE(at + 8),
    idTail: from.readUIntLE(at + 16, ID_BYTES),
    at: from.readDoubleLE(at + 24),
  };
}

export function idTailOf(task: string): number {
  return Number.parseInt(task.slice(-ID_DIGITS), 16);
}
