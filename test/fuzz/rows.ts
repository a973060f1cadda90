/**
 * Rows that were damaged where they lie: a column of another type, shape or size. A real node starts on them, and must start; its
 * other tasks run to their end; the list is told; the damaged ones are told as what they are, or were not damaged after all.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { startNode } from "../../src/index.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { COLUMNS } from "../../src/store/task-row.ts";
import { TandaError } from "../../src/task/errors.ts";
import type { Dice } from "./dice.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { DEFAULT_POLICY, type TaskSpec } from "../../src/task/task.ts";
import { NUMBER_TRAPS, STRING_TRAPS, UTF8_TRAPS } from "./traps.ts";

const SPOILABLE = [...COLUMNS, "purge_at"];
/** What the rest of the input is taken for. */
const TYPES = ["null", "integer", "real", "text", "blob"] as const;
const STATES = 8;
/** A node is at its tasks at once. The rest is for a machine with other work. */
const LATE_MS = 30_000;

/** Column, type, state of the row, then the value: any bytes are an input. */
export function rowInput(dice: Dice): Buffer {
  const head = [dice.below(SPOILABLE.length), dice.below(TYPES.length), dice.below(STATES)];
  const value = dice.of([
    Buffer.from(dice.of([...NUMBER_TRAPS, "1", "-5", "99", "1000"])),
    Buffer.from(dice.of(STRING_TRAPS)),
    Buffer.from(dice.of(["{}", "[]", "null", "[1]", "[null]", '{"code":1}', '{"a', "", "1\n{", "x"])),
    dice.of(UTF8_TRAPS),
    dice.bytes(dice.size(40)),
  ]);
  return Buffer.concat([Buffer.from(head), value]);
}

function valueOf(type: (typeof TYPES)[number], bytes: Buffer): SQLInputValue {
  if (type === "null") return null;
  if (type === "text") return bytes.toString();
  if (type === "blob") return bytes;
  const number = Number(bytes.toString("latin1"));
  if (type === "real") return number;
  const whole = Number.isNaN(number)
    ? BigInt(`0x0${bytes.toString("hex").slice(0, 15)}`)
    : BigInt(Math.trunc(clamped(number)));
  return whole;
}

function clamped(number: number): number {
  return Math.max(-(2 ** 62), Math.min(2 ** 62, number));
}

export async function tryRows(
  inputs: readonly Buffer[],
): Promise<{ each: (string | null)[]; all: string | null }> {
  const data = await mkdtemp(join(tmpdir(), "tanda-fuzz-rows-"));
  try {
    const ids = await makeRows(join(data, "tanda.db"), inputs);
    return await startOn(data, ids);
  } catch (error) {
    return {
      each: inputs.map(() => null),
      all: `the node failed: ${String(error instanceof Error ? error.stack : error)}`,
    };
  } finally {
    await rm(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

type Rows = { readonly spoilt: string[]; readonly sound: string[] };

async function makeRows(path: string, inputs: readonly Buffer[]): Promise<Rows> {
  const makeId = createIdMaker(0, Date.now, Math.random);
  const at = Date.now();
  const spec = (): TaskSpec => {
    const id = makeId();
    return {
      id,
      action: "echo",
      queue: "default",
      priority: 1,
      payload: '"sound"',
      payloadBlob: null,
      owner: null,
      key: id,
      policy: DEFAULT_POLICY,
      dueAt: null,
      expiresAt: null,
      createdAt: at,
    };
  };
  const specs = Array.from({ length: inputs.length * 2 }, spec);
  const store = await openSqliteStore({ path });
  await store.apply(specs.map((one) => ({ type: "submit", id: one.id, at, spec: one })));
  await store.close();
  const spoilt: string[] = [];
  const db = new DatabaseSync(path);
  for (const [index, input] of inputs.entries()) {
    const id = specs[index * 2]!.id;
    spoilt.push(id);
    const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
    const [column = 0, type = 0, state = 0] = input;
    db.prepare("update tasks set state = ?, due_at = ?, expires_at = ?, history = '[]' where id = ?").run(
      state % STATES,
      at,
      at + 1,
      bytes,
    );
    try {
      const name = SPOILABLE[column % SPOILABLE.length]!;
      db.prepare(`update tasks set ${name} = ? where id = ?`).run(
        valueOf(TYPES[type % TYPES.length]!, input.subarray(3)),
        bytes,
      );
    } catch {
      // The file's own rules keep it out.
    }
  }
  db.close();
  return { spoilt, sound: specs.flatMap(({ id }, index) => (index % 2 === 1 ? [id] : [])) };
}

function toldOrThrow(error: unknown): void {
  if (error instanceof TandaError && (error.code === "conflict" || error.code === "not_found")) return;
  throw error;
}

async function startOn(
  data: string,
  { spoilt, sound }: Rows,
): Promise<{ each: (string | null)[]; all: string | null }> {
  const faults: string[] = [];
  const note = (fields: object, text: string): void => {
    if (!text.includes("it was set aside"))
      faults.push(`${text}: ${JSON.stringify(fields)} ${String((fields as { error?: Error }).error?.stack)}`);
  };
  const silent = (): void => {};
  await using node = await startNode({
    data,
    threads: 1,
    log: { debug: silent, info: silent, warn: silent, error: note },
  });
  const each = await Promise.all(
    spoilt.map(async (id) => {
      try {
        // Who asks again for what is there, and who wants to be rid of it.
        for (const act of ["get", "explain", "retry", "cancel", "delete"] as const)
          await node.engine[act](id).catch(toldOrThrow);
        return null;
      } catch (error) {
        const isTold =
          error instanceof TandaError && (error.code === "conflict" || error.code === "not_found");
        return isTold ? null : `told as ${String(error instanceof Error ? error.stack : error)}`;
      }
    }),
  );
  const begun = performance.now();
  for (let left = new Set(sound); left.size > 0;) {
    for (const id of left) {
      const { state, result } = await node.engine.get(id);
      if (state === "done" && result === "sound") left.delete(id);
    }
    if (left.size === 0) break;
    if (performance.now() - begun > LATE_MS) return { each, all: `${left.size} sound tasks never ran` };
    await delay(10);
  }
  let seen = 0;
  for (let cursor: string | null = null, isFirst = true; isFirst || cursor !== null; isFirst = false) {
    const page: { tasks: readonly { task: string }[]; next: string | null } = await node.engine.list({
      limit: 50,
      ...(cursor === null ? {} : { cursor }),
    });
    seen += page.tasks.filter(({ task }) => sound.includes(task)).length;
    cursor = page.next;
  }
  if (seen !== sound.length) faults.push(`the list has ${seen} of ${sound.length} sound tasks`);
  return { each, all: faults.length === 0 ? null : faults.slice(0, 3).join("\n").slice(0, 3000) };
}
