/** Requests as lines have them, for programs and for people. Nothing here holds up the default queue, on which others wait. */
import { OPS } from "../../src/protocol/messages.ts";
import type { Dice } from "./dice.ts";
import { fields, json, text } from "./grammar-json.ts";
import { NUMBER_TRAPS } from "./traps.ts";

/** Such as end by themselves, and soon. */
export const ACTIONS = ["echo", "upper", "reverse", "count", "letters", "average"];
const KNOWN_TASK = "01890a5d-ac96-774b-bcce-b302099a8057";

function action(dice: Dice): string {
  if (dice.odds(0.85)) return `"${dice.of(ACTIONS)}"`;
  return dice.of(['"nope"', '"toString"', '"__proto__"', '""', "null", "7", text(dice)]);
}

function payload(dice: Dice): string {
  switch (dice.below(5)) {
    case 0:
      return `"${dice.of(["hola", "HOLA", "ñ", "日本", ""])}"`;
    case 1:
      return `[${Array.from({ length: dice.size(20) }, () => dice.between(-9, 9)).join()}]`;
    case 2:
      return dice.of(['{"$blob":"x"}', `{"$blob":"${"a".repeat(64)}"}`, `{"$blob":"${"0".repeat(63)}G"}`]);
    default:
      return json(dice);
  }
}

function taskId(dice: Dice): string {
  if (dice.odds(0.3)) return `"${KNOWN_TASK}"`;
  if (dice.odds(0.3)) {
    const tail = String(dice.below(1000)).padStart(12, "0");
    return `"01890a5d-ac96-774b-bcce-${tail}"`;
  }
  return dice.of([`"${KNOWN_TASK.toUpperCase()}"`, '""', "null", "1", text(dice)]);
}

function duration(dice: Dice): string {
  return dice.of([
    '"250ms"',
    '"1s"',
    '"7d"',
    "0",
    "10",
    '"0s"',
    "-1",
    '"1y"',
    '"1e3s"',
    '"36500d"',
    ...NUMBER_TRAPS,
  ]);
}

const OPTIONS: readonly (readonly [string, (dice: Dice) => string])[] = [
  ["wait", (dice) => dice.of(["true", "false", "false", "1"])],
  ["again", (dice) => dice.of(["true", "false", '"yes"'])],
  ["task", taskId],
  ["key", (dice) => (dice.odds(0.5) ? `"k${dice.below(50)}"` : text(dice))],
  ["queue", (dice) => dice.of(['"q1"', '"q2"', '"q3"', '"Q/a:b"', '""', '"-"', text(dice)])],
  ["priority", (dice) => dice.of(['"low"', '"normal"', '"high"', '"critical"', "1", text(dice)])],
  ["delay", duration],
  [
    "runAt",
    (dice) =>
      dice.of(["1800000000000", '"2026-01-31T09:30:00Z"', '"9999-12-31T23:59:59+99:99"', "-1", text(dice)]),
  ],
  ["attempts", (dice) => dice.of(["1", "2", "1000", "1001", "0", ...NUMBER_TRAPS])],
  ["losses", (dice) => dice.of(["1", "3", ...NUMBER_TRAPS])],
  ["backoff", (dice) => (dice.odds(0.5) ? duration(dice) : backoff(dice))],
  ["timeout", duration],
  ["expires", duration],
  ["retention", duration],
  ["local", (dice) => dice.of(["true", "false", "null"])],
];

function backoff(dice: Dice): string {
  return fields(dice, [
    ["type", dice.of(['"fixed"', '"exponential"', '"linear"'])],
    ["delay", duration(dice)],
    ["maxDelay", duration(dice)],
    ["jitter", dice.of(["0", "1", "0.5", "2", "-1"])],
  ]);
}

export function options(dice: Dice): string {
  const count = dice.below(4);
  return fields(
    dice,
    Array.from({ length: count }, () => {
      const [name, value] = dice.of(OPTIONS);
      return [name, value(dice)] as const;
    }),
  );
}

/** A task, without an id: as HTTP has it. */
export function task(dice: Dice): string {
  const parts: (readonly [string, string])[] = [["action", action(dice)]];
  if (dice.odds(0.9)) parts.push(["payload", payload(dice)]);
  if (dice.odds(0.3)) parts.push(["options", dice.odds(0.9) ? options(dice) : json(dice, 1)]);
  return fields(dice, parts);
}

function id(dice: Dice): string {
  return dice.of([String(dice.below(100)), `"r${dice.below(100)}"`, "null", "1.5", json(dice, 2)]);
}

function op(dice: Dice): string {
  const name = dice.odds(0.95) ? dice.of(OPS) : dice.of(["nope", "toString", "__proto__", ""]);
  const parts: (readonly [string, string])[] = [["op", `"${name}"`]];
  const add = (field: string, share: number, value: string): void => {
    if (dice.odds(share)) parts.push([field, value]);
  };
  const isTask = ["get", "wait", "cancel", "retry", "delete", "explain"].includes(name);
  const isQueue = ["pause", "resume", "drain", "purge"].includes(name);
  if (isTask) add("task", 0.95, taskId(dice));
  if (isQueue) add("queue", 0.95, dice.of(['"q1"', '"q2"', '"q3"', '""', "1", text(dice)]));
  if (name.endsWith("_worker")) add("worker", 0.95, dice.of(['"nobody"', '"__proto__"', "1", text(dice)]));
  if (name === "list") {
    add("state", 0.3, dice.of(['"done"', '"queued"', '"failed"', '"nope"', "4"]));
    add("action", 0.3, action(dice));
    add("queue", 0.2, dice.of(['"q1"', '"q4"', '""']));
    add(
      "since",
      0.3,
      dice.of(["0", '"1h"', '"2026-01-31T09:30:00Z"', "-1", '"99999999999999d"', ...NUMBER_TRAPS]),
    );
    add("prefix", 0.3, dice.of(['"01890a"', '"k"', '"%"', '"_"', text(dice)]));
    add("cursor", 0.3, dice.odds(0.5) ? taskId(dice) : text(dice));
    add("limit", 0.5, dice.of(["1", "10", "1000", "0", "1001", ...NUMBER_TRAPS]));
  }
  if (name === "watch") {
    add("task", 0.4, taskId(dice));
    add("action", 0.6, '"letters"');
    add("queue", 0.5, '"q1"');
  }
  if (name === "unwatch") add("watch", 0.9, id(dice));
  if (name === "history") add("window", 0.9, dice.of(['"10m"', '"2h"', '"1d"', '"1y"', "10"]));
  if (name === "auth") add("token", 0.9, text(dice));
  if (dice.odds(0.1)) parts.push(["local", dice.of(["true", "false", "1"])]);
  return fields(dice, parts);
}

/** One request of a program, with an id most times. */
export function message(dice: Dice): string {
  const body = dice.odds(0.6) ? task(dice) : op(dice);
  if (dice.odds(0.15)) return dice.odds(0.5) ? body : json(dice);
  return body === "{}" ? `{"id":${id(dice)}}` : `{"id":${id(dice)},${body.slice(1)}`;
}

export function inlineLine(dice: Dice): string {
  const word = dice.of([
    "help",
    "actions",
    "PING",
    "auth",
    "exit",
    "salir",
    "nope",
    ...ACTIONS,
    ...ACTIONS,
    ...ACTIONS,
  ]);
  const space = dice.of([" ", " ", " ", "  ", "\t", "\u00a0", "\u2003", ""]);
  const rest = dice.of([
    "",
    "hola",
    "[1, 2, 6]",
    "42",
    '"quoted"',
    "null",
    json(dice),
    text(dice),
    "x".repeat(dice.size(9000)),
    "\u0007\u001b[2J",
    "\ufeff",
  ]);
  return dice.of(["", "", "", " ", "\ufeff"]) + word + space + rest;
}

export function linesInput(dice: Dice): Buffer {
  return together(dice, () => (dice.odds(0.92) ? message(dice) : inlineLine(dice)));
}

export function inlineInput(dice: Dice): Buffer {
  return together(dice, () => (dice.odds(0.95) ? inlineLine(dice) : message(dice)));
}

function together(dice: Dice, one: () => string): Buffer {
  const count = 1 + dice.size(dice.odds(0.05) ? 120 : 8);
  let all = "";
  for (let i = 0; i < count; i++) {
    all += one();
    all +=
      i === count - 1 && dice.odds(0.3) ? "" : dice.of(["\n", "\n", "\n", "\r\n", "\n\n", "\r\r\n", "\r"]);
  }
  if (dice.odds(0.02)) all += "y".repeat(dice.of([8191, 8192, 8193, 70_000]));
  return Buffer.from(all);
}
