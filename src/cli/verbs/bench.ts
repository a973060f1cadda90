import { connect as connectClient } from "../../client/client.ts";
import { EXIT } from "../exit-code.ts";
import { readPayload } from "../payload.ts";
import { count } from "../phrases.ts";
import { openProgress } from "../progress.ts";
import { showTable } from "../table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "bench",
  summary: "Measures how many tasks a second the server does, and how long one takes.",
  usage: ["bench [ACTION] [PAYLOAD] [FLAGS]"],
  examples: [
    { command: "tanda bench", says: "20,000 × upper hola, 1,000 at a time, each result received" },
    { command: "tanda bench fib 25 --tasks 1000 --window 1", says: "one after another" },
    { command: "tanda bench --clients 4 --json", says: "over four connections, as one JSON value" },
  ],
  flags: {
    tasks: { value: "N", short: "n", says: "how many (20000)" },
    window: { value: "N", says: "how many under way at once, over all connections (1000)" },
    clients: { value: "N", says: "over so many connections (1)" },
  },
  words: { min: 0, max: 2 },
  async run({ words, given, terminal, server, token, connect }) {
    const action = words[0] ?? "upper";
    const first = await connect();
    const payload = await readPayload(words[0] === undefined ? "hola" : words[1], action, first, terminal);
    const tasks = given.count("tasks", 1) ?? 20_000;
    const window = Math.min(given.count("window", 1) ?? 1000, tasks);
    const clients = [first];
    await using opened = new AsyncDisposableStack();
    for (let n = 1; n < (given.count("clients", 1) ?? 1); n++) {
      const client = opened.use(connectClient(server, { token }));
      await client.$.open();
      clients.push(client);
    }
    const progress = await openProgress(terminal, tasks);
    const latencies = new Float64Array(tasks);
    let started = 0;
    let finished = 0;
    const lane = async (client: typeof first): Promise<void> => {
      while (started < tasks) {
        const at = started++;
        const startedAt = performance.now();
        await client.$.run(action, payload);
        latencies[at] = performance.now() - startedAt;
        if (++finished % 500 === 0) progress.update(finished, 0);
      }
    };
    const startedAt = performance.now();
    try {
      await Promise.all(Array.from({ length: window }, (_, n) => lane(clients[n % clients.length]!)));
    } finally {
      progress.stop();
    }
    const seconds = (performance.now() - startedAt) / 1000;
    latencies.sort();
    const at = (share: number): number => latencies[Math.min(tasks - 1, Math.floor(tasks * share))]!;
    const record = {
      action,
      tasks,
      window,
      clients: clients.length,
      seconds,
      perSecond: tasks / seconds,
      latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    };
    if (terminal.isJson) {
      terminal.json(record);
      return EXIT.done;
    }
    const { latencyMs } = record;
    showTable(
      terminal,
      [
        { title: "ACTION", cell: () => action },
        { title: "TASKS", cell: () => count(tasks), isRight: true },
        { title: "AT ONCE", cell: () => count(window), isRight: true },
        { title: "SECONDS", cell: () => seconds.toFixed(2), isRight: true },
        { title: "TASKS/S", cell: () => count(record.perSecond), isRight: true },
        { title: "MEDIAN MS", cell: () => latencyMs.p50.toFixed(2), isRight: true },
        { title: "99 % MS", cell: () => latencyMs.p99.toFixed(2), isRight: true },
        { title: "MAX MS", cell: () => latencyMs.max.toFixed(2), isRight: true },
      ],
      [record],
      "",
    );
    return EXIT.done;
  },
};
