/** Frames of a WebSocket client: messages whole and in parts, control frames between, and everything a client must not send. */
import type { Dice } from "./dice.ts";
import { message } from "./grammar-lines.ts";
import { UTF8_TRAPS } from "./traps.ts";

/** Goes before the frames; they follow without waiting for its answer. */
export const HANDSHAKE = Buffer.from(
  "GET /v1/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
);

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export function websocketInput(dice: Dice): Buffer {
  const frames: Buffer[] = [];
  for (let count = 1 + dice.size(8); count > 0; count--) frames.push(...some(dice));
  if (dice.odds(0.4)) frames.push(close(dice));
  return Buffer.concat(frames);
}

function some(dice: Dice): Buffer[] {
  const kind = dice.below(20);
  if (kind < 11) return [frame(dice, TEXT, payload(dice))];
  if (kind < 15) return parts(dice);
  switch (kind) {
    case 15:
      return [frame(dice, dice.of([PING, PONG]), dice.bytes(dice.of([0, 5, 125, 126, 200])))];
    case 16:
      return [frame(dice, dice.of([BINARY, 3, 7, 11, 15]), payload(dice))];
    case 17:
      return [frame(dice, CONTINUATION, payload(dice))];
    case 18:
      return [hugeHead(dice)];
    default:
      return [close(dice)];
  }
}

function payload(dice: Dice): Buffer {
  const whole = Buffer.from(message(dice));
  if (dice.odds(0.95)) return whole;
  const at = dice.below(whole.length + 1);
  return Buffer.concat([whole.subarray(0, at), dice.of(UTF8_TRAPS), whole.subarray(at)]);
}

/** One message in several frames, cut anywhere, also within a character; a control frame may come between. */
function parts(dice: Dice): Buffer[] {
  const whole = payload(dice);
  const frames: Buffer[] = [];
  let opcode = TEXT;
  for (let at = 0; at < whole.length;) {
    const end = Math.min(whole.length, at + 1 + dice.size(100));
    const isLast = end === whole.length && dice.odds(0.97);
    frames.push(frame(dice, opcode, whole.subarray(at, end), isLast));
    if (dice.odds(0.1)) frames.push(frame(dice, PING, dice.bytes(3)));
    if (dice.odds(0.97)) opcode = CONTINUATION;
    at = end;
  }
  return frames;
}

function close(dice: Dice): Buffer {
  const code = dice.of([
    1000, 1001, 1002, 1003, 1004, 1005, 1006, 1009, 1015, 2999, 3000, 4999, 5000, 0, 65_535,
  ]);
  const body = Buffer.alloc(2);
  body.writeUInt16BE(code);
  const reason = dice.odds(0.3)
    ? dice.of([...UTF8_TRAPS, Buffer.alloc(124, 0x61), Buffer.from("bye")])
    : Buffer.alloc(0);
  return frame(
    dice,
    CLOSE,
    dice.of([Buffer.alloc(0), body.subarray(0, 1), body, Buffer.concat([body, reason])]),
  );
}

/** Tells of more than ever comes. */
function hugeHead(dice: Dice): Buffer {
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(
    dice.of([8193n, 1n << 31n, 1n << 32n, 1n << 53n, (1n << 53n) + 1n, 1n << 63n, (1n << 64n) - 1n]),
    2,
  );
  return Buffer.concat([head, dice.bytes(8)]);
}

function frame(dice: Dice, opcode: number, body: Buffer, isLast = true): Buffer {
  const isMasked = dice.odds(0.98);
  const reserved = dice.odds(0.98) ? 0 : dice.of([0x40, 0x20, 0x10, 0x70]);
  const { length } = body;
  // The shortest form is asked for; a longer one is a lie of a kind.
  const form =
    length > 65_535 ? 127 : length > 125 || dice.odds(0.03) ? (dice.odds(0.02) ? 127 : 126) : length;
  const size = form === 127 ? 8 : form === 126 ? 2 : 0;
  const head = Buffer.alloc(2 + size);
  head[0] = (isLast ? 0x80 : 0) | reserved | opcode;
  head[1] = (isMasked ? 0x80 : 0) | form;
  if (form === 126) head.writeUInt16BE(length, 2);
  if (form === 127) head.writeBigUInt64BE(BigInt(length), 2);
  if (!isMasked) return Buffer.concat([head, body]);
  const mask = dice.bytes(4);
  const masked = Buffer.from(body.map((byte, i) => byte ^ mask[i % 4]!));
  return Buffer.concat([head, mask, masked]);
}
