/** Handlers as users write them, for the measures. Module variables are a thread's own. */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { threadId } from "node:worker_threads";

const AT_ONCE = 2000;

type Waiting = { socket: Socket; answers: Map<number, () => void>; lines: string };

let running = 0;
let peak = 0;
let lastAsk = 0;
let waiting: Waiting | null = null;

const spin = (ms: number): number => {
  const until = performance.now() + ms;
  while (performance.now() < until);
  return ms;
};

const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2));

/** @returns how many ran at once in this thread at most, told apart by the thread. */
async function counted(work: () => Promise<unknown>): Promise<{ thread: string; peak: number }> {
  peak = Math.max(peak, ++running);
  try {
    await work();
    return { thread: `${process.pid}/${threadId}`, peak };
  } finally {
    running--;
  }
}

/** One connection a thread; what is asked in one turn is written once. */
function ask(port: number): Promise<void> {
  const at = (waiting ??= open(port));
  const id = lastAsk++;
  if (at.lines === "") {
    setImmediate(() => {
      at.socket.write(at.lines);
      at.lines = "";
    });
  }
  at.lines += `${id}\n`;
  return new Promise((resolve) => at.answers.set(id, resolve));
}

function open(port: number): Waiting {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const answers = new Map<number, () => void>();
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      answers.get(Number(line))!();
      answers.delete(Number(line));
    }
  });
  return { socket, answers, lines: "" };
}

export default {
  upper: { run: (text: string): string => text.toUpperCase() },
  fib: { run: fib },
  fibAlone: { concurrency: 1, run: fib },
  nap: { concurrency: AT_ONCE, run: (ms: number) => counted(() => delay(ms)) },
  ask: { concurrency: AT_ONCE, run: (port: number) => counted(() => ask(port)) },
  spin: { run: spin },
  plainNap: { run: (ms: number) => counted(() => delay(ms)) },
};
