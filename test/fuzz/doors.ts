/**
 * A real node behind real sockets. Inputs come many at once, honest clients talk all the while, and after each batch the node holds
 * no more than before.
 */
import { setTimeout as delay } from "node:timers/promises";
import { checkFrames } from "./answers-websocket.ts";
import { readAnswers } from "./answers-http.ts";
import { checkLines, owedFor } from "./answers-lines.ts";
import { deliver, type Delivered, type Ending } from "./delivery.ts";
import { Dice, hashOf } from "./dice.ts";
import { HANDSHAKE } from "./grammar-websocket.ts";
import { Honest } from "./honest.ts";
import { sniff } from "../../src/gateway/sniff.ts";
import { NodeUnderTest } from "./node-under-test.ts";

export const DOOR_KINDS = ["lines", "inline", "http", "websocket", "proxy"] as const;
export type DoorKind = (typeof DOOR_KINDS)[number];

const AT_ONCE = 48;
/** A connection whose answers may never come is left after so long without a word. */
const STAY_MS = 300;
/** To close what the last batch left: the longest limit of the node, and room for a busy machine. */
const SETTLE_MS = 45_000;

/** What one node held once it was warm, and what it holds now, with nobody there and its memory tidied. */
export type Held = {
  connections: number;
  baseBytes: number;
  lastBytes: number;
  baseTimers: number;
  lastTimers: number;
};
/** So many connections warm a node. */
const WARM = 4000;

export class Doors implements AsyncDisposable {
  #node: NodeUnderTest | null = null;
  held: Held | null = null;
  #connections = 0;
  /** Questions of honest clients that got their own right answer. */
  answered = 0;

  /** @returns what is wrong with each, or null; and what is wrong with the node behind all of them. */
  async tryAll(
    kind: DoorKind,
    inputs: readonly Buffer[],
  ): Promise<{ each: (string | null)[]; all: string | null }> {
    const node = (this.#node ??= await NodeUnderTest.start());
    const honest = await Honest.start(node.plain);
    const each: (string | null)[] = inputs.map(() => null);
    const queue = inputs.entries();
    const work = async (): Promise<void> => {
      for (const [index, input] of queue) {
        if (node.hasDied) return;
        each[index] = await tryDoor(node, kind, input, honest.mark);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await honest.stop();
    this.answered += honest.answered;
    this.#connections += inputs.length;
    const left = await this.#settled(node);
    const all = [...node.faults.splice(0), ...honest.faults.splice(0), ...(left === null ? [] : [left])];
    if (all.length > 0) await this.#renew();
    return { each, all: all.length === 0 ? null : all.join("\n").slice(0, 4000) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#renew();
  }

  #hold(bytes: number, timers: number): void {
    if (this.#connections < WARM) return;
    this.held ??= {
      connections: 0,
      baseBytes: bytes,
      lastBytes: bytes,
      baseTimers: timers,
      lastTimers: timers,
    };
    this.held = { ...this.held, connections: this.#connections, lastBytes: bytes, lastTimers: timers };
  }

  async #renew(): Promise<void> {
    const node = this.#node;
    this.held = null;
    this.#connections = 0;
    this.#node = null;
    await node?.[Symbol.asyncDispose]();
  }

  /** @returns what is left of the batch when it should all be gone, or null. */
  async #settled(node: NodeUnderTest): Promise<string | null> {
    const begun = performance.now();
    for (;;) {
      const { sockets, inFlightBytes, heapBytes, timers } = await node.facts();
      if (node.hasDied) return null;
      if (sockets === 0 && inFlightBytes === 0) {
        this.#hold(heapBytes, timers);
        return null;
      }
      if (performance.now() - begun > SETTLE_MS)
        return `left behind: ${sockets} sockets, ${inFlightBytes} bytes in flight`;
      await delay(50);
    }
  }
}

/** What is done with the bytes hangs on them alone: the same file does the same again. */
async function tryDoor(
  node: NodeUnderTest,
  kind: DoorKind,
  input: Buffer,
  mark: string,
): Promise<string | null> {
  const dice = new Dice(hashOf(input));
  const isShared = dice.odds(0.25);
  const sent = isShared ? shared(kind, input) : prepared(kind, input);
  // What begins like nothing else is lines.
  const isLines = kind !== "proxy" && sniff(sent) !== "http";
  const owed = isLines ? owedFor(sent) : null;
  const mayStay = isLines
    ? owed!.mayStay
    : kind === "proxy" || kind === "websocket" || STREAMS.test(input.toString("latin1"));
  // A half close and then a reset is noticed by who writes only; of who may never be written to, see docs/reliability.md.
  const leaves = dice.odds(0.6) ? "reset" : "silence";
  const ending: Ending =
    dice.odds(0.75) && !((isLines || kind === "proxy") && mayStay) ? "half close" : leaves;
  const port = kind === "proxy" ? node.proxy : node.plain;
  const delivered = await deliver(port, sent, dice, ending, mayStay ? STAY_MS : null);
  if (node.hasDied) return null;
  if (delivered.isHung) return "neither answered nor closed";
  const wrong = wrongAnswer(kind, delivered, owed, input, isShared && !(isLines && kind === "http"));
  if (wrong !== null) return wrong;
  return leaks(delivered.answer, mark) ? "it was told what an honest client sent" : null;
}

/** They last as long as their client. */
const STREAMS = /events|socket/;

function prepared(kind: DoorKind, input: Buffer): Buffer {
  return kind === "websocket" ? Buffer.concat([HANDSHAKE, input]) : input;
}

const SENTINEL = "right-and-whole";

/** Something right goes before it on the same connection, and behind it where the connection may go on. */
function shared(kind: DoorKind, input: Buffer): Buffer {
  const line = (id: string): string => `\n{"id":"${id}","action":"echo","payload":"${SENTINEL}"}\n`;
  if (kind === "lines" || kind === "inline") {
    return Buffer.concat([Buffer.from(line("before")), input, Buffer.from(line("behind"))]);
  }
  if (kind !== "http") return prepared(kind, input);
  const body = `{"action":"echo","payload":"${SENTINEL}"}`;
  const head = `POST /v1/tasks?wait=0.3 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head + body), input]);
}

function wrongAnswer(
  kind: DoorKind,
  { answer, isWhole }: Delivered,
  owed: ReturnType<typeof owedFor> | null,
  input: Buffer,
  isShared: boolean,
): string | null {
  if (owed !== null) {
    const wrong = checkLines(answer, owed, isWhole);
    const isMissing =
      isShared &&
      isWhole &&
      !owed.isCutOff &&
      !answer.includes(`{"id":"before","status":"done","result":{"ok":true,"data":"${SENTINEL}"}}\n`);
    return wrong ?? (isMissing ? "what was right on the same connection was not answered" : null);
  }
  if (kind === "proxy")
    return answer.includes("HTTP/1.1 500") || answer.includes('"code":"internal"')
      ? answer.toString().slice(0, 500)
      : null;
  const { bodies, rest, wrong } = readAnswers(answer, isWhole, input.includes("HEAD "));
  if (wrong !== null) return wrong;
  // Who sends no more may be taken for gone; yet the first answer, when there is one, is that to the first request.
  const first = bodies[0];
  if (
    isShared &&
    kind === "http" &&
    first &&
    first.status !== 202 &&
    !first.body.endsWith(`"result":"${SENTINEL}"}`)
  )
    return `what was right before it was answered ${JSON.stringify(first)}`;
  return checkFrames(rest);
}

/** A list or a watch tells of others' tasks, and is meant to; an answer never does. */
function leaks(answer: Buffer, mark: string): boolean {
  if (!answer.includes(mark)) return false;
  return answer
    .toString()
    .split("\n")
    .some(
      (line) =>
        line.includes(mark) &&
        !line.includes('"status":"event"') &&
        !line.startsWith("data:") &&
        !line.includes('"tasks":['),
    );
}
