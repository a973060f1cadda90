/** What brokers and buses may bring that nobody sent: parcels of tasks and hints. Spoilt ones are told from good ones, and harm nobody. */
import assert from "node:assert/strict";
import { readLetter, type Letter } from "../../src/bus/letter.ts";
import { readEndHint, readTasks } from "../../src/fleet/hints.ts";
import { decode, encode, Unreadable, UnknownVersion } from "../../src/queue/parcel-codec.ts";
import { isTaskId } from "../../src/task/id.ts";
import type { Dice } from "./dice.ts";
import { json, text } from "./grammar-json.ts";

const POLICY =
  '{"attempts":3,"losses":3,"timeoutMs":1000,"backoff":{"type":"fixed","delayMs":1,"maxDelayMs":1,"jitter":0},"retentionMs":null}';
const IDS = ['"01890a5d-ac96-774b-bcce-b302099a8057"', '"01890a5d-ac96-774b-bcce-b302099a8058"'];

export function parcelInput(dice: Dice): Buffer {
  return Buffer.from(dice.odds(0.6) ? parcel(dice) : letter(dice));
}

/** Most times what belongs there. */
function or(dice: Dice, right: string): string {
  return dice.odds(0.985)
    ? right
    : dice.odds(0.5)
      ? json(dice, 1)
      : dice.of(["null", "-1", "1.5", "1e400", '""', "9007199254740993"]);
}

function parcel(dice: Dice): string {
  const tasks = Array.from({ length: 1 + dice.size(6) }, () => {
    const flags = dice.below(8);
    const row = [
      dice.of(IDS),
      '"upper"',
      text(dice),
      "null",
      "null",
      "0",
      "null",
      "null",
      "1700000000000",
      "1",
      String(flags),
      "null",
    ];
    return `[${row.map((value) => or(dice, value)).join()}]`;
  });
  return `{"v":${or(dice, "1")},"queue":${or(dice, '"default"')},"priority":${or(dice, "1")},"policies":[${or(dice, POLICY)}],"tasks":[${tasks.join()}]}`;
}

function letter(dice: Dice): string {
  const hints = Array.from({ length: dice.size(6) }, () => hint(dice));
  return `{"v":${or(dice, "1")},"from":"x","hints":${or(dice, `[${hints.join()}]`)}}`;
}

function hint(dice: Dice): string {
  const task = or(dice, dice.of(IDS));
  const ends = [
    `"result":${or(dice, '"1"')}`,
    `"blob":${or(dice, `{"id":"${"a".repeat(64)}","bytes":1}`)}`,
    `"error":${or(dice, '{"code":"lost","message":"x"}')}`,
  ];
  return or(
    dice,
    dice.of([
      `{"type":"end","task":${task},"runMs":${or(dice, "1")},${dice.of(ends)}}`,
      `{"type":"look","tasks":${or(dice, `[${task}]`)}}`,
      `{"type":"cancel","tasks":[${task}]}`,
      '{"type":"queues"}',
      '{"type":"of tomorrow","x":1}',
    ]),
  );
}

/** @returns what is wrong, or null. */
export function tryParcel(input: Buffer): string | null {
  try {
    checkParcel(input.toString());
    checkHints(input.toString());
    return null;
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

function checkParcel(given: string): void {
  let messages;
  try {
    messages = decode(given);
  } catch (error) {
    if (error instanceof Unreadable || error instanceof UnknownVersion) return;
    throw error;
  }
  for (const { spec, attempt } of messages) {
    assert.ok(isTaskId(spec.id), `${spec.id} is no task's id`);
    assert.ok(Number.isSafeInteger(attempt) && attempt >= 0 && attempt < 2 ** 31, `attempt ${attempt}`);
    for (const at of [spec.createdAt, spec.dueAt ?? 0, spec.expiresAt ?? 0])
      assert.ok(Number.isSafeInteger(at) && at >= 0, `an instant is ${at}`);
  }
  // A zero has no sign on its way.
  if (messages.length > 0) assert.equal(JSON.stringify(decode(encode(messages))), JSON.stringify(messages));
}

function checkHints(given: string): void {
  let letter: Letter;
  try {
    letter = readLetter(given);
  } catch {
    return;
  }
  for (const hint of letter.hints) {
    assert.equal(typeof hint.type, "string");
    assert.ok(readTasks(hint).every((task) => typeof task === "string"));
    const end = hint.type === "end" ? readEndHint(hint) : null;
    if (end === null) continue;
    if (end.answer.status === "failed")
      assert.ok(typeof end.answer.error.code === "string" && typeof end.answer.error.message === "string");
    if (end.answer.status !== "done") continue;
    const { result, resultBlob } = end.answer;
    assert.ok((result === null) !== (resultBlob === null), "done with nothing, or twice");
    if (resultBlob !== null) assert.equal(typeof resultBlob.id, "string");
  }
}
