/** Reads the frames of a WebSocket server as strictly as the standard has it. */
import { wrongMessage } from "./answers-lines.ts";

const MAY_CLOSE_WITH = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011]);

/** @returns what is wrong, or null. */
export function checkFrames(answer: Buffer): string | null {
  let isClosed = false;
  for (let at = 0; at + 2 <= answer.length;) {
    if (isClosed) return "something comes after the end";
    const [first, second] = [answer[at]!, answer[at + 1]!];
    const opcode = first & 15;
    if ((first & 0xf0) !== 0x80 || second >= 0x80)
      return `a server's frame is whole, plain and not masked: ${first}, ${second}`;
    const form = second & 0x7f;
    const head = form === 127 ? 10 : form === 126 ? 4 : 2;
    if (answer.length < at + head) return null;
    const length =
      form === 127
        ? Number(answer.readBigUInt64BE(at + 2))
        : form === 126
          ? answer.readUInt16BE(at + 2)
          : form;
    const end = at + head + length;
    if (end > answer.length) return null;
    const body = answer.subarray(at + head, end);
    at = end;
    if (opcode === 1) {
      const wrong = wrongMessage(body.toString());
      if (wrong !== null) return wrong;
    } else if (opcode === 8) {
      isClosed = true;
      // It repeats what it was told.
      const code = length === 0 ? 1000 : body.readUInt16BE(0);
      if (!MAY_CLOSE_WITH.has(code) && !(code >= 1000 && code < 5000)) return `it closes with ${code}`;
    } else if (opcode !== 9 && opcode !== 10) return `a frame of kind ${opcode}`;
  }
  return null;
}
