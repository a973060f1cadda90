/** One line an event: for a person at a terminal, else JSON for programs. */
import { styleText } from "node:util";
import { pino } from "pino";
import type { EngineLog } from "../engine/parts.ts";
import { visible, visibleLine } from "../protocol/visible.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const MOST_UNREAD_BYTES = 1024 * 1024;

export function createLog(out: NodeJS.WriteStream, level: LogLevel): EngineLog {
  if (!out.isTTY) {
    // pino tells an Error only under the name `err`; under another it would be written as {}.
    const serializers = { err: pino.stdSerializers.err, error: pino.stdSerializers.err };
    const log: EngineLog = pino(
      { level, base: { pid: process.pid }, serializers },
      bounded(out, (lines) => log.warn({ lines }, "lines of this log are missing here: they were not read")),
    );
    return log;
  }
  const least = LOG_LEVELS.indexOf(level);
  const write = (of: LogLevel, facts: object, text: string): void => {
    if (LOG_LEVELS.indexOf(of) < least) return;
    const time = new Date().toTimeString().slice(0, 8);
    const mark =
      of === "error" ? styleText("red", "error ") : of === "warn" ? styleText("yellow", "warn ") : "";
    out.write(
      `${styleText("dim", time)} ${mark}${visibleLine(text)}${styleText("dim", visibleLine(showFacts(facts)))}\n`,
    );
  };
  return {
    debug: (facts, text) => write("debug", facts, text),
    info: (facts, text) => write("info", facts, text),
    warn: (facts, text) => write("warn", facts, text),
    error: (facts, text) => write("error", facts, text),
  };
}

/** A reader that stops must not fill the memory: lines are left out, and counted when it goes on. */
function bounded(
  out: NodeJS.WriteStream,
  onMissed: (lines: number) => void,
): { write: (line: string) => void } {
  let missed = 0;
  return {
    write(line) {
      if (out.writableLength > MOST_UNREAD_BYTES) {
        missed++;
        return;
      }
      if (missed > 0) {
        const lines = missed;
        missed = 0;
        onMissed(lines);
      }
      // JSON says line ends and the like as escapes; so it does the rest of what would steer who reads it at a terminal.
      out.write(visible(line));
    },
  };
}

/** "  key=value key=value"; values from outside are quoted where they could write on other lines. */
function showFacts(facts: object): string {
  const shown = Object.entries(facts).map(([name, value]) => {
    if (value instanceof Error) return `${name}=${JSON.stringify(value.message)}`;
    const text = typeof value === "string" && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
    return `${name}=${text}`;
  });
  return shown.length === 0 ? "" : `  ${shown.join(" ")}`;
}
