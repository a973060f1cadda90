import { StringDecoder } from "node:string_decoder";
import { UsageError } from "./verb.ts";

const LONGEST = 16 * 2 ** 20;

/** The lines of a stream, as many at a time as one read brought; the next read waits until those are taken. */
export async function* readLines(input: AsyncIterable<Buffer | string>): AsyncGenerator<string[], undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of input) {
    const text = typeof chunk === "string" ? chunk : decoder.write(chunk);
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    if (rest.length > LONGEST) throw new UsageError(`a line has more than ${LONGEST} characters`);
    if (lines.length > 0) yield lines.map(withoutReturn);
  }
  rest += decoder.end();
  if (rest !== "") yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
