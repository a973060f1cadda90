/**
 * Which tasks were in threads' hands when the node died: a small file, never synced. The page cache outlives the
 * process, so after a `kill -9` it names the suspects; after a power cut it may be old, which costs a little caution only.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

export type InHandLog = {
  /** MUST be called before the runs are handed over. `alone`: it runs with nothing beside it. */
  write(ids: Iterable<string>, alone: Iterable<string>): void;
  close(): void;
};

export type LeftInHand = { ids: ReadonlySet<string>; alone: ReadonlySet<string> };

export function openInHandFile(path: string): { left: LeftInHand; log: InHandLog } {
  const left = readLeft(path);
  const fd = openSync(path, "w");
  let length = 0;
  return {
    left,
    log: {
      write(ids, alone) {
        let text = "";
        for (const id of ids) text += `${id}\n`;
        for (const id of alone) text += `!${id}\n`;
        text += ".\n";
        writeSync(fd, text, 0, "latin1");
        if (text.length < length) ftruncateSync(fd, text.length);
        length = text.length;
      },
      close() {
        ftruncateSync(fd, 0);
        closeSync(fd);
      },
    },
  };
}

/** For a node that keeps nothing. */
export const noInHandLog: InHandLog = { write() {}, close() {} };

function readLeft(path: string): LeftInHand {
  const ids = new Set<string>();
  const alone = new Set<string>();
  let text = "";
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  for (const line of text.split("\n")) {
    // A "." ends the newest writing; a longer older one may still lie behind it.
    if (line === ".") break;
    if (line.startsWith("!")) alone.add(line.slice(1));
    else if (line) ids.add(line);
  }
  return { ids, alone };
}
