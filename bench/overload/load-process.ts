/**
 * Clients of a process of their own: `fork` it, send it a plan, and it answers with a report. It keeps to its rate whatever
 * the node does, so that a node that is slow is asked no less; and a time counts from when a request was due, so that
 * what could not even be sent counts too.
 */
import { connect, type Socket } from "node:net";
import { createIdMaker } from "../../src/task/id.ts";
import type { LoadPlan, LoadReport } from "./load-plan.ts";

const TICK_MS = 2;
const LAST_ANSWERS_MS = 30_000;
/** So much that a node does not read waits in here, for each connection. */
const MOST_UNSENT_BYTES = 256 * 1024;
const MOST_KEPT = 200_000;

type Reply = { id: number; status: string; result?: { error?: { code: string; retryAfterMs?: number } } };

type Request = {
  readonly dueAt: number;
  /** Who comes again as it is told names its tasks, as the client library does. */
  readonly task: string | null;
  sentAt: number;
  refusedAt: number;
  toldMs: number;
  times: number;
};

const makeId = createIdMaker(process.pid % 1000, Date.now, Math.random);

class Client {
  readonly socket: Socket;
  readonly unanswered = new Map<number, Request>();
  #rest = "";
  #lines = "";

  constructor(port: number, onReply: (client: Client, reply: Reply) => void) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.setEncoding("latin1");
    this.socket.on("error", () => {});
    this.socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop()!;
      for (const line of lines) onReply(this, JSON.parse(line) as Reply);
    });
  }

  send(id: number, request: Request, text: string): void {
    this.unanswered.set(id, request);
    request.sentAt = performance.now();
    const options = request.task === null ? "" : `,"options":{"task":"${request.task}"}`;
    this.#lines += `{"id":${id},${text}${options}}\n`;
  }

  flush(): void {
    if (this.#lines === "") return;
    this.socket.write(this.#lines, "latin1");
    this.#lines = "";
  }
}

process.once("message", (plan: LoadPlan) => {
  void run(plan).then((report) => process.send!(report, () => {}));
});

async function run(plan: LoadPlan): Promise<LoadReport> {
  const { perSecond, request: text, onBusy, unansweredEach = Infinity } = plan;
  const seen = { asked: 0, letIn: 0, failed: 0, busy: 0, dropped: 0, repeats: 0, repeatsLetIn: 0 };
  const latenciesMs: number[] = [];
  const waits: { toldMs: number; trueMs: number }[] = [];
  const letInBySecond: number[] = [];
  let lastId = 0;
  let resting = 0;
  const again = (client: Client, request: Request): void => {
    if (client.socket.destroyed) return;
    client.send(++lastId, request, text);
  };
  const onReply = (client: Client, reply: Reply): void => {
    const request = client.unanswered.get(reply.id);
    if (request === undefined) return;
    client.unanswered.delete(reply.id);
    const now = performance.now();
    const error = reply.result?.error;
    if (error?.code === "busy") {
      seen.busy++;
      const toldMs = error.retryAfterMs ?? 0;
      if (request.times++ === 0) {
        request.refusedAt = now;
        request.toldMs = toldMs;
      }
      if (request.times === 2) seen.repeats++;
      if (onBusy === "drop") seen.dropped++;
      else if (onBusy === "insist") again(client, request);
      else {
        resting++;
        setTimeout(() => {
          resting--;
          again(client, request);
          client.flush();
        }, toldMs);
      }
      return;
    }
    if (error !== undefined) seen.failed++;
    else {
      seen.letIn++;
      const second = Math.floor((now - begunAt) / 1000);
      letInBySecond[second] = (letInBySecond[second] ?? 0) + 1;
    }
    if (request.times === 1) {
      seen.repeats++;
      seen.repeatsLetIn++;
    }
    if (request.times > 0 && waits.length < MOST_KEPT) {
      waits.push({ toldMs: request.toldMs, trueMs: request.sentAt - request.refusedAt });
    }
    if (latenciesMs.length < MOST_KEPT) latenciesMs.push(now - request.dueAt);
  };
  const clients = Array.from({ length: plan.connections }, () => new Client(plan.port, onReply));
  await Promise.all(
    clients.map(({ socket }) => new Promise<void>((resolve) => socket.once("connect", resolve))),
  );
  const begunAt = performance.now();
  const most = Math.min(plan.count ?? Infinity, plan.seconds * perSecond);
  const hasRoom = ({ socket, unanswered }: Client): boolean =>
    !socket.destroyed && socket.writableLength < MOST_UNSENT_BYTES && unanswered.size < unansweredEach;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      const due = Math.min(most, ((now - begunAt) / 1000) * perSecond);
      let turn = 0;
      while (seen.asked < due && turn < clients.length) {
        const client = clients[(seen.asked + turn) % clients.length]!;
        if (!hasRoom(client)) {
          turn++;
          continue;
        }
        const dueAt = begunAt + (seen.asked / perSecond) * 1000;
        const task = onBusy === "obey" ? makeId() : null;
        client.send(++lastId, { dueAt, task, sentAt: 0, refusedAt: 0, toldMs: 0, times: 0 }, text);
        seen.asked++;
        turn = 0;
      }
      for (const client of clients) client.flush();
      const isOver = seen.asked >= most || now - begunAt > plan.seconds * 1000;
      if (!isOver) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  const open = (): number =>
    clients.reduce((sum, { unanswered }) => sum + unanswered.size, onBusy === "insist" ? 0 : resting);
  const until = performance.now() + (onBusy === "insist" ? 0 : LAST_ANSWERS_MS);
  while (open() > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  const report = {
    ...seen,
    open: open(),
    latenciesMs,
    waits,
    letInBySecond: Array.from(letInBySecond, (n) => n ?? 0),
  };
  for (const { socket } of clients) socket.destroy();
  return report;
}
