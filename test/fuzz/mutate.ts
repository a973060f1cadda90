/** Spoils an input: a few small changes that leave enough of it for the next layer to be reached. */
import type { Dice } from "./dice.ts";
import { TEXT_TRAPS, UTF8_TRAPS } from "./traps.ts";

const LONGEST = 128 * 1024;

type Change = (input: Buffer, dice: Dice, others: readonly Buffer[]) => Buffer;

const CHANGES: readonly Change[] = [
  flip,
  replaceByte,
  cut,
  cut,
  double,
  splice,
  insertTrap,
  insertTrap,
  insertUtf8Trap,
  insertBytes,
  swapParts,
  changeNumber,
  changeNumber,
  changeShort,
];

/** @param others to take parts of. */
export function mutate(input: Buffer, dice: Dice, others: readonly Buffer[]): Buffer {
  let changed = input;
  const times = 1 + dice.size(8);
  for (let i = 0; i < times; i++) changed = dice.of(CHANGES)(changed, dice, others);
  return changed.subarray(0, LONGEST);
}

/** Two places in it, in order. */
function part({ length }: Buffer, dice: Dice): [from: number, to: number] {
  const from = dice.below(length + 1);
  return [from, Math.min(length, from + 1 + dice.size(200))];
}

function put(input: Buffer, from: number, to: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, from), bytes, input.subarray(to)]);
}

function flip(input: Buffer, dice: Dice): Buffer {
  if (input.length === 0) return input;
  const copy = Buffer.from(input);
  copy[dice.below(copy.length)]! ^= 1 << dice.below(8);
  return copy;
}

function replaceByte(input: Buffer, dice: Dice): Buffer {
  if (input.length === 0) return input;
  const copy = Buffer.from(input);
  copy[dice.below(copy.length)] = dice.of([0, 9, 10, 13, 32, 34, 44, 58, 92, 123, 125, 127, 128, 255]);
  return copy;
}

function cut(input: Buffer, dice: Dice): Buffer {
  const [from, to] = part(input, dice);
  return put(input, from, to, Buffer.alloc(0));
}

function double(input: Buffer, dice: Dice): Buffer {
  const [from, to] = part(input, dice);
  const times = dice.odds(0.1) ? dice.between(2, 64) : 2;
  const piece = input.subarray(from, to);
  return put(input, from, to, Buffer.concat(Array.from({ length: times }, () => piece)));
}

function splice(input: Buffer, dice: Dice, others: readonly Buffer[]): Buffer {
  if (others.length === 0) return input;
  const other = dice.of(others);
  const [from, to] = part(other, dice);
  const [here, until] = part(input, dice);
  return put(input, here, dice.odds(0.5) ? here : until, other.subarray(from, to));
}

function insertTrap(input: Buffer, dice: Dice): Buffer {
  const [from, to] = part(input, dice);
  return put(input, from, dice.odds(0.5) ? from : to, Buffer.from(dice.of(TEXT_TRAPS)));
}

function insertUtf8Trap(input: Buffer, dice: Dice): Buffer {
  const at = dice.below(input.length + 1);
  return put(input, at, at, dice.of(UTF8_TRAPS));
}

function insertBytes(input: Buffer, dice: Dice): Buffer {
  const at = dice.below(input.length + 1);
  return put(input, at, at, dice.bytes(1 + dice.below(4)));
}

function swapParts(input: Buffer, dice: Dice): Buffer {
  const [from, middle] = part(input, dice);
  const to = Math.min(input.length, middle + 1 + dice.size(50));
  const swapped = Buffer.concat([input.subarray(middle, to), input.subarray(from, middle)]);
  return put(input, from, to, swapped);
}

/** Lengths above all: of bodies, chunks, waits. */
function changeNumber(input: Buffer, dice: Dice): Buffer {
  const numbers = [...input.toString("latin1").matchAll(/\d+/g)];
  if (numbers.length === 0) return input;
  const found = dice.of(numbers);
  const value = Number(found[0]);
  const text = dice.of([
    "0",
    "-1",
    `${value + 1}`,
    `${Math.max(0, value - 1)}`,
    `${value * 2}`,
    `0${found[0]}`,
    "65536",
    "2147483648",
    "4294967295",
    "9007199254740993",
    "1e400",
    "1".repeat(30),
  ]);
  return put(input, found.index, found.index + found[0].length, Buffer.from(text));
}

/** Lengths in binary heads: of frames and PROXY headers. */
function changeShort(input: Buffer, dice: Dice): Buffer {
  if (input.length < 2) return input;
  const copy = Buffer.from(input);
  copy.writeUInt16BE(
    dice.of([0, 1, 12, 36, 125, 126, 127, 4096, 4097, 32_767, 65_535]),
    dice.below(copy.length - 1),
  );
  return copy;
}
