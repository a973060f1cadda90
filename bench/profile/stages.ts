/** What a task passes through, by where the code is: a room of `src/` is a stage, and the store's thread has three. */
import type { Kind } from "./kinds.ts";

export type Frame = { readonly functionName: string; readonly url: string };
/** Where a sample belongs: the stage, and within it a function of ours, or of Node's where none of ours is to be seen. */
export type Place = { readonly stage: string; readonly what: string };

export const COLLECTING = "garbage collection";
export const NODE = "Node: sockets, its loop";
/** Of a thread that was never caught at work. */
export const UNSEEN = "too little to be sampled";

const ROOMS: ReadonlyMap<string, string> = new Map([
  ["gateway", "read requests, answer"],
  ["protocol", "read requests, answer"],
  ["engine", "admit, follow to its end"],
  ["queue", "who is next"],
  ["worker", "hand out, take back"],
  ["store", "to and from the store"],
  ["task", "ids, and tables by id"],
  ["node", "duties of the node"],
]);

/** Files of the store whose functions spend their time within SQLite; `COMMIT` apart. */
export const STATEMENTS: readonly string[] = [
  "sqlite-counts",
  "sqlite-plain",
  "sqlite-retire",
  "sqlite-tasks",
];
export const COMMIT = { file: "sqlite-apply", functionName: "run" };

export const RECORDER = new URL("./thread-recorder.ts", import.meta.url).href;
const SOURCES = new URL("../../src/", import.meta.url).href;

/** @param frames of one sample, the innermost first. @returns null for what is no work, or none of the node's. */
export function placeOf(kind: Kind, frames: readonly Frame[]): Place | null {
  const { functionName, url } = frames[0]!;
  if (functionName === "(idle)" || functionName === "(root)") return null;
  if (frames.some((frame) => frame.url === RECORDER)) return null;
  if (functionName === "(garbage collector)") return { stage: COLLECTING, what: COLLECTING };
  for (const frame of frames) {
    if (!frame.url.startsWith(SOURCES)) continue;
    const folders = frame.url.slice(SOURCES.length).split("/");
    const file = folders.pop()!.replace(/\.ts$/, "");
    return { stage: stageOf(kind, folders[0] ?? "node", file, frame), what: `${nameOf(frame)} (${file})` };
  }
  if (functionName === "(program)") return { stage: NODE, what: "native code" };
  const file = url.split(/[:/]/).at(-1)!;
  const where = url === "" ? "native" : url.startsWith("node:") ? `node:${file}` : file;
  return { stage: NODE, what: `${nameOf(frames[0]!)} (${where})` };
}

function stageOf(kind: Kind, room: string, file: string, { functionName }: Frame): string {
  if (kind === "store") {
    if (file === COMMIT.file && functionName === COMMIT.functionName) return "begin, commit, flush";
    return STATEMENTS.includes(file) ? "rows into SQLite" : "unpack, decide, reply";
  }
  if (kind === "handlers") return room === "actions" ? "the handler, its checks" : "begin, end, report runs";
  return ROOMS.get(room) ?? `src/${room}`;
}

function nameOf({ functionName }: Frame): string {
  return functionName === "" ? "callback" : functionName;
}
