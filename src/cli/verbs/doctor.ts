import { statfs } from "node:fs/promises";
import { parseAddresses } from "../../client/address.ts";
import { connect } from "../../client/client.ts";
import { adviceOn } from "../../client/unreachable.ts";
import type { Client } from "../../client/typed.ts";
import { TandaError } from "../../task/errors.ts";
import { checkCertificate } from "../certificate-check.ts";
import { EXIT } from "../exit-code.ts";
import { bytes, count, GIVE_TOKEN } from "../phrases.ts";
import { modeOf } from "../queue-view.ts";
import type { Terminal } from "../terminal.ts";
import type { Verb, VerbInput } from "../verb.ts";

type Finding = {
  readonly check: string;
  readonly verdict: "good" | "doubtful" | "bad";
  readonly text: string;
  /** What to do now. */
  readonly next?: string;
};

const NODE_MAJOR = 24;
const LITTLE_DISK_BYTES = 2 ** 30;
const CLOCK_MS = 1000;
const SLOW_MS = 50;
const PINGS = 10;

export const verb: Verb = {
  name: "doctor",
  summary: "Checks this machine and the server, and says what to do next.",
  usage: ["doctor [FLAGS]"],
  examples: [
    {
      command: "tanda doctor",
      says: "Node, disk, connection, round trip, readiness, nodes, queues, clock, certificate",
    },
    {
      command: "tanda doctor --server tanda://10.0.0.5:9000 --json",
      says: "of another machine, for a program",
    },
  ],
  flags: {},
  words: { min: 0, max: 0 },
  async run(input) {
    const findings = [checkNode(), await checkDisk()];
    findings.push(...(await checkServer(input)));
    const { terminal } = input;
    if (terminal.isJson) terminal.json(findings);
    else show(findings, terminal);
    if (findings.some((one) => one.check === "connection" && one.verdict === "bad")) return EXIT.unreachable;
    return findings.some((one) => one.verdict === "bad") ? EXIT.failed : EXIT.done;
  },
};

function checkNode(): Finding {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= NODE_MAJOR)
    return { check: "node", verdict: "good", text: `Node ${node}` };
  return {
    check: "node",
    verdict: "bad",
    text: `Node ${node}; Tanda needs ${NODE_MAJOR} or later`,
    next: `Install Node ${NODE_MAJOR} or later from https://nodejs.org.`,
  };
}

async function checkDisk(): Promise<Finding> {
  const { bavail, bsize } = await statfs(process.cwd());
  const free = bavail * bsize;
  const text = `${bytes(free)} free on this disk`;
  if (free >= LITTLE_DISK_BYTES) return { check: "disk", verdict: "good", text };
  return {
    check: "disk",
    verdict: "doubtful",
    text,
    next: "Make room: a node that runs out answers `busy`.",
  };
}

async function checkServer({ server, token, ca }: VerbInput): Promise<Finding[]> {
  const client = connect(server, { token, ca: ca(), reconnectFor: 0, callTimeout: "10s" });
  try {
    await client.$.open();
    const findings = await examine(client, server);
    for (const address of parseAddresses(server).filter(({ isSecure }) => isSecure)) {
      const certificate = await checkCertificate(address, ca(), Date.now());
      if (certificate) findings.push(certificate);
    }
    return findings;
  } catch (thrown) {
    return [unreachable(thrown, server)];
  } finally {
    await client.$.close({ now: true });
  }
}

async function examine(client: Client, server: string): Promise<Finding[]> {
  const findings: Finding[] = [{ check: "connection", verdict: "good", text: `connected to ${server}` }];
  const trips: number[] = [];
  for (let n = 0; n < PINGS; n++) {
    const askedAt = performance.now();
    await client.$.ping();
    trips.push(performance.now() - askedAt);
  }
  trips.sort((a, b) => a - b);
  const median = trips[PINGS / 2]!;
  findings.push({
    check: "round trip",
    verdict: median < SLOW_MS ? "good" : "doubtful",
    text: `${median.toFixed(2)} ms there and back`,
    ...(median < SLOW_MS
      ? {}
      : { next: "Send many tasks at once over one connection, not one after another." }),
  });
  const { state, reason } = await client.$.ping();
  findings.push(
    state === "ready"
      ? { check: "ready", verdict: "good", text: "a trip through queue and store succeeded just now" }
      : {
          check: "ready",
          verdict: "bad",
          text: `${state}${reason === undefined ? "" : `: ${reason}`}`,
          next:
            state === "draining"
              ? "It is stopping, on purpose: it takes nothing new. Ask another node, or this one after its start."
              : "Read the log of that node; `tanda nodes` shows the others.",
        },
  );
  findings.push(
    ...(await checkNodes(client)),
    ...(await checkQueues(client)),
    ...(await checkWorkers(client)),
  );
  const askedAt = Date.now();
  const { at } = await client.$.stats();
  const differenceMs = Math.round(at - (askedAt + Date.now()) / 2);
  const isNear = Math.abs(differenceMs) < CLOCK_MS;
  findings.push({
    check: "clock",
    verdict: isNear ? "good" : "doubtful",
    text: isNear ? "this clock and the server's agree" : `the server's clock differs by ${differenceMs} ms`,
    ...(isNear ? {} : { next: "Set both by NTP: --run-at means the server's clock." }),
  });
  return findings;
}

/** A peer that is away, or a queue that is paused, or a worker that is drained, is no fault of the node that was asked: so never bad. */
async function checkNodes(client: Client): Promise<Finding[]> {
  const nodes = await client.$.nodes();
  if (nodes.length < 2) return [];
  const check = "nodes";
  const odd = nodes.filter(({ state }) => state !== "ready");
  if (odd.length === 0) return [{ check, verdict: "good", text: `all ${nodes.length} are ready` }];
  const told = odd.map(
    ({ node, state, listen }) => `node ${node} (${listen.join(", ")}) is ${state.replace("_", " ")}`,
  );
  const isDown = odd.some(({ state }) => state === "down");
  const next = isDown
    ? "Start it again, or see why it is not reached: what it accepted is safe with it, and waits for it."
    : "Who drains is stopping on purpose; of others read the log.";
  return [{ check, verdict: "doubtful", text: `${told.join("; ")}; of ${nodes.length}`, next }];
}

async function checkQueues(client: Client): Promise<Finding[]> {
  const check = "queues";
  const queues = await client.$.queues();
  const odd = queues.filter(({ mode }) => mode !== "open");
  if (odd.length === 0) return [{ check, verdict: "good", text: "all are open" }];
  const told = odd.map((view) => `${view.queue} is ${modeOf(view)} (${count(view.waiting)} wait)`);
  const next = `Meant so? Else: tanda queue resume ${odd[0]!.queue}`;
  return [{ check, verdict: "doubtful", text: told.join("; "), next }];
}

/** Of a node that stops its own state tells. */
async function checkWorkers(client: Client): Promise<Finding[]> {
  const [workers, nodes] = await Promise.all([client.$.workers(), client.$.nodes()]);
  const stopping = new Set(nodes.filter(({ state }) => state === "draining").map(({ node }) => node));
  const drained = workers.filter(
    ({ worker, node, state }) => state === "draining" && worker === `${node}` && !stopping.has(node),
  );
  if (drained.length === 0) return [];
  const text = drained.map(({ worker }) => `worker ${worker} is drained: it takes nothing new`).join("; ");
  const next = `Meant so? Else: tanda workers resume ${drained[0]!.worker}`;
  return [{ check: "workers", verdict: "doubtful", text, next }];
}

function unreachable(thrown: unknown, server: string): Finding {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const isLocked =
    thrown instanceof TandaError && (thrown.code === "unauthorized" || thrown.code === "forbidden");
  const isLocal = parseAddresses(server).every(({ host }) => /^(localhost|127\.|::1$)/.test(host));
  let next = `Is Tanda running there, and does a firewall let you through? Try: curl ${parseAddresses(server)[0]!.httpUrl}/healthz`;
  const advice = thrown instanceof Error && thrown.cause instanceof Error ? adviceOn(thrown.cause) : null;
  if (advice !== null) next = advice;
  else if (isLocked) next = GIVE_TOKEN;
  else if (isLocal) next = "Start one: npx tanda serve";
  return { check: "connection", verdict: "bad", text: message, next };
}

const MARKS = { good: "✔", doubtful: "!", bad: "✘" } as const;
const COLOURS = { good: "green", doubtful: "yellow", bad: "red" } as const;

function show(findings: readonly Finding[], terminal: Terminal): void {
  for (const { check, verdict, text, next } of findings) {
    terminal.say(`${terminal.style(COLOURS[verdict], MARKS[verdict])} ${check}: ${text}`);
    if (next !== undefined) terminal.say(`    ${next}`);
  }
  if (findings.every((one) => one.verdict === "good"))
    terminal.say("All is well. Next: npx tanda run upper hola");
}
