/** The PROXY header, both versions, and what may come behind it. */
import { PROXY_V2_SIGNATURE } from "../../src/gateway/sniff.ts";
import type { Dice } from "./dice.ts";
import { httpInput } from "./grammar-http.ts";
import { inlineInput, linesInput } from "./grammar-lines.ts";

const ADDRESSES = [
  "192.0.2.1",
  "10.0.0.255",
  "256.0.0.1",
  "1.2.3",
  "::1",
  "2001:db8::1",
  "::ffff:1.2.3.4",
  "fe80::1%eth0",
  "x",
  "",
];
const PORTS = ["1", "65535", "65536", "0", "00001", "-1", "x", ""];

export function proxyInput(dice: Dice): Buffer {
  const header = dice.odds(0.5) ? v1(dice) : v2(dice);
  const twice = dice.odds(0.03) ? v2(dice) : Buffer.alloc(0);
  return Buffer.concat([header, twice, dice.of([linesInput, inlineInput, httpInput])(dice)]);
}

function v1(dice: Dice): Buffer {
  const end = dice.odds(0.95) ? "\r\n" : dice.of(["\n", "\r", "", " \r\n"]);
  if (dice.odds(0.2))
    return Buffer.from(`PROXY UNKNOWN${dice.of(["", " x y", " ffff:f...f:ffff 1 2", "Z"])}${end}`);
  if (dice.odds(0.5))
    return Buffer.from(
      `PROXY TCP4 192.0.2.${dice.below(256)} 198.51.100.1 ${dice.between(1, 65_535)} 9000${end}`,
    );
  const words = [
    dice.of(["TCP4", "TCP6", "TCP5"]),
    dice.of(ADDRESSES),
    dice.of(ADDRESSES),
    dice.of(PORTS),
    dice.of(PORTS),
  ];
  if (dice.odds(0.1)) words.pop();
  if (dice.odds(0.05)) words.push("x".repeat(dice.size(120)));
  return Buffer.from(`PROXY ${words.join(dice.odds(0.95) ? " " : "  ")}${end}`);
}

function v2(dice: Dice): Buffer {
  const family = dice.of([0x11, 0x11, 0x21, 0x21, 0x12, 0x31, 0x00, 0xf1]);
  const command = dice.of([0x21, 0x21, 0x21, 0x20, 0x22, 0x11]);
  const sizes = new Map([
    [1, 12],
    [2, 36],
    [3, 216],
  ]);
  const size = sizes.get(family >> 4) ?? 0;
  const body = Buffer.concat([dice.bytes(dice.odds(0.9) ? size : dice.below(size + 1)), tlvs(dice)]);
  const head = Buffer.alloc(4);
  head[0] = command;
  head[1] = family;
  head.writeUInt16BE(
    dice.odds(0.92)
      ? Math.min(body.length, 65_535)
      : dice.of([0, 11, 35, 4096, 4097, 65_535, body.length + 1]),
    2,
  );
  return Buffer.concat([PROXY_V2_SIGNATURE, head, body]);
}

function tlvs(dice: Dice): Buffer {
  const all: Buffer[] = [];
  for (let count = dice.size(4); count > 0; count--) {
    const value = dice.bytes(dice.size(300));
    const head = Buffer.from([dice.of([1, 2, 3, 4, 5, 0x20, 0x30, 0xee]), 0, 0]);
    head.writeUInt16BE(dice.odds(0.9) ? value.length : dice.below(65_536), 1);
    all.push(head, value);
  }
  return Buffer.concat(all);
}
