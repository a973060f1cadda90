/**
 * Which tasks were in threads' hands when the node died: a small file, never synced. The page cache outlives the
 * process, so after a `kill -9` it names the suspects; after a power cut it may be old, which costs a little caution only.
 */
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

const END = ".\n";
/** Some thousands of ids: then those that ended are dropped. */
const MAX_BYTES = 262_144;
/** Tasks that come one at a time would pay for the forgetting, each. */
const IDLE_MS = 500;

export type InHandLog = {
  /** MUST be called before these are handed over. @returns false when it has grown long: {@link write} is due. */
  add(ids: readonly string[]): boolean;
  /** Only these are in hand now. `alone`: it runs with nothing beside it. MUST be called before such a one is handed over. */
  write(ids: Iterable<string>, alone: Iterable<string>): void;
  /** Nothing is in hand now: if it stays so, all are forgotten soon. */
  idle(): void;
  close(): void;
};

export type LeftInHand = { ids: ReadonlySet<string>; alone: ReadonlySet<string> };

export function openInHandFile(path: string): { left: LeftInHand; log: InHandLog } {
  const { left, bytes } = readLeft(path);
  // What is left stays until there is something newer to write: who dies while starting must not forget it either.
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  let length = bytes;
  let isIdle = false;
  let forgetting: NodeJS.Timeout | null = null;
  /** A full disk costs this caution, and nothing else. */
  const put = (text: string, at: number): boolean => {
    try {
      writeSync(fd, text, at, "latin1");
      if (at === 0 && text.length < length) ftruncateSync(fd, text.length);
      length = at + text.length;
      return true;
    } catch {
      length = 0;
      return false;
    }
  };
  return {
    left,
    log: {
      // What has ended meanwhile stays named until the next writing: a name too many costs caution, one too few a process.
      add(ids) {
        isIdle = false;
        return put(`${ids.join("\n")}\n${END}`, Math.max(0, length - END.length)) && length < MAX_BYTES;
      },
      write(ids, alone) {
        isIdle = false;
        let text = "";
        for (const id of ids) text += `${id}\n`;
        for (const id of alone) text += `!${id}\n`;
        put(text + END, 0);
      },
      idle() {
        isIdle = true;
        forgetting ??= setTimeout(() => {
          forgetting = null;
          if (isIdle) put(END, 0);
        }, IDLE_MS).unref();
      },
      close() {
        if (forgetting) clearTimeout(forgetting);
        ftruncateSync(fd, 0);
        closeSync(fd);
      },
    },
  };
}

/** For a node that keeps nothing. */
export const noInHandLog: InHandLog = { add: () => true, write() {}, idle() {}, close() {} };

/** `bytes`: up to where it is to be believed. */
function readLeft(path: string): { left: LeftInHand; bytes: number } {
  const ids = new Set<string>();
  const alone = new Set<string>();
  let text = "";
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  // It ends the newest writing; a longer older one may still lie behind it.
  const end = text.indexOf(END);
  for (const line of (end < 0 ? text : text.slice(0, end)).split("\n")) {
    if (line.startsWith("!")) alone.add(line.slice(1));
    else if (line) ids.add(line);
  }
  return { left: { ids, alone }, bytes: end < 0 ? 0 : end + END.length };
}
