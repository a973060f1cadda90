/** Entry of a thread of the pool: loads the actions, connects to the node by its own pipe, runs what comes. */
import { once } from "node:events";
import { flushCompileCache } from "node:module";
import { connect } from "node:net";
import { workerData } from "node:worker_threads";
import type { Action } from "../actions/check.ts";
import { loadActions } from "../actions/load.ts";
import { toTandaError } from "../task/errors.ts";
import type { LogLine } from "../task/task.ts";
import { openObserver, type ObserverModule } from "./actions-observer.ts";
import { openBlobModule, type BlobModule } from "./blob-options.ts";
import { noBlobs } from "./run-context.ts";
import { Doorbell, Slots } from "./slots.ts";
import { ThreadOutbox } from "./thread-outbox.ts";
import { ThreadRuns } from "./thread-runs.ts";
import * as wire from "./thread-wire.ts";

export type ThreadData = {
  readonly socketPath: string;
  readonly token: string;
  readonly key: number;
  readonly slots: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
  readonly actionsFile: string | null;
  readonly blobs: BlobModule | null;
  readonly blobOverBytes: number;
  readonly filesDir: string;
  readonly observer: ObserverModule | null;
};

const KEEP_AFTER_MS = 1000;

const data = workerData as ThreadData;
const { token, key } = data;
forgetCompileCache();
const socket = connect(data.socketPath);
socket.setEncoding("utf8");
// The node is gone or gives this thread up: the supervisor sees to the rest.
socket.on("error", () => {});

try {
  const [actions] = await Promise.all([load(), once(socket, "connect")]);
  const outbox = new ThreadOutbox(socket);
  let opened: ReturnType<typeof openBlobModule> | null = null;
  const { blobs } = data;
  const runs = new ThreadRuns(actions, new Slots(data.slots), new Doorbell(data.doorbell), outbox, {
    openBlobs: blobs === null ? noBlobs : () => (opened ??= openBlobModule(blobs)),
    blobOverBytes: blobs === null ? null : data.blobOverBytes,
    filesDir: data.filesDir,
  });
  catchWhatEscapes(runs);
  sendConsoleToTheTask(runs);
  const cutter = new wire.FrameCutter();
  socket.on("data", (chunk: string) => {
    cutter.cut(chunk, (text, from, end) => {
      if (text[from] === wire.RUNS) runs.accept(text.slice(from, end));
      else runs.cancel(Number(text.slice(from + 1, end)));
    });
  });
  const hello: wire.Hello = { token, key, actions: [...actions.values()].map((action) => action.info) };
  socket.write(wire.HELLO + JSON.stringify(hello) + wire.END);
} catch (error) {
  const failure: wire.LoadFailure = { token, key, error: toTandaError(error).toBody() };
  socket.end(wire.NOT_LOADED + JSON.stringify(failure) + wire.END);
}

async function load(): Promise<ReadonlyMap<string, Action>> {
  if (data.observer === null) return loadActions(data.actionsFile);
  const observe = await openObserver(data.observer);
  return observe(await loadActions(data.actionsFile));
}

/** What users' code starts keeps nothing compiled beside ours. Of this thread all is kept, soon, for its process ends without warning. */
function forgetCompileCache(): void {
  if (process.env["TANDA_COMPILE_CACHE"]) delete process.env["NODE_COMPILE_CACHE"];
  delete process.env["TANDA_COMPILE_CACHE"];
  setTimeout(flushCompileCache, KEEP_AFTER_MS).unref();
}

function catchWhatEscapes(runs: ThreadRuns): void {
  process.on("uncaughtException", (error) => {
    if (!runs.uncaught(error))
      process.stderr.write(`uncaught, outside of any task: ${error?.stack ?? error}\n`);
  });
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    runs.blameHere();
    return exit(code);
  };
}

/** What a handler prints belongs to its task; what is printed elsewhere goes to the node's log. */
function sendConsoleToTheTask(runs: ThreadRuns): void {
  const levels = new Map<string, LogLine["level"]>([
    ["log", "info"],
    ["info", "info"],
    ["warn", "warn"],
    ["error", "error"],
    ["debug", "debug"],
  ]);
  const console = globalThis.console as unknown as Record<string, (...words: unknown[]) => void>;
  for (const [method, level] of levels) {
    const original = console[method]!;
    console[method] = (...words) => {
      const context = runs.here;
      if (context) context.write(level, words);
      else original.apply(console, words);
    };
  }
}
