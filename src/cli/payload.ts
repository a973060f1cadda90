import { openAsBlob } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Client } from "../client/typed.ts";
import { dependsOnTakingText, inlinePayload, takesText } from "../protocol/inline.ts";
import { whyNot } from "./phrases.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./verb.ts";

/** Larger files travel beside the line, as blobs. */
const INLINE_BYTES = 64 * 1024;
/** As much text still goes in the line to an action that takes text: it asked for no blob. A node's lines have 1 MiB. */
const TEXT_BYTES = 960 * 1024;

/**
 * What the word PAYLOAD means: JSON if it parses as JSON, else text (an action that takes text gets text); `@file` the file's
 * contents, `-` standard input. A large or binary file is kept as a blob and sent as {"$blob": …}.
 */
export async function readPayload(
  word: string | undefined,
  action: string,
  client: Client,
  terminal: Terminal,
): Promise<unknown> {
  if (word === undefined) return undefined;
  if (word === "-") {
    return fromBytes(await buffer(terminal.stdin), null, action, client);
  }
  if (!word.startsWith("@")) return fromText(word, action, client);
  const path = word.slice(1);
  const info = await stat(path).catch((cause: unknown) => {
    throw new UsageError(`cannot read ${path}: ${whyNot(cause, "it")}`);
  });
  if (!info.isFile()) throw new UsageError(`${path} is not a file`);
  if (info.size > TEXT_BYTES) {
    return client.$.blobs.put(await openAsBlob(path), { type: mediaType(path) });
  }
  return fromBytes(await readFile(path), path, action, client);
}

async function fromBytes(
  bytes: Buffer,
  path: string | null,
  action: string,
  client: Client,
): Promise<unknown> {
  const whole = bytes.length > TEXT_BYTES ? null : textOf(bytes);
  const isInline =
    bytes.length <= INLINE_BYTES || (fitsLine(whole) && (await actionTakesText(action, client)));
  const text = isInline ? whole : null;
  if (text === null) return client.$.blobs.put(bytes, { type: path === null ? BINARY : mediaType(path) });
  return fromText(text.replace(/\r?\n$/, ""), action, client);
}

async function fromText(text: string, action: string, client: Client): Promise<unknown> {
  const isText = dependsOnTakingText(text) && (await actionTakesText(action, client));
  return JSON.parse(inlinePayload(text, isText)) as unknown;
}

export async function actionTakesText(action: string, client: Client): Promise<boolean> {
  const known = await client.$.actions();
  return takesText(known.find((one) => one.action === action)?.input);
}

function fitsLine(text: string | null): boolean {
  return text !== null && Buffer.byteLength(JSON.stringify(text)) <= TEXT_BYTES;
}

function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

const BINARY = "application/octet-stream";
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  [".json", "application/json"],
  [".txt", "text/plain"],
  [".csv", "text/csv"],
  [".html", "text/html"],
  [".pdf", "application/pdf"],
  [".png", "image/png"],
  [".jpg", "image/jpeg"],
  [".jpeg", "image/jpeg"],
  [".gif", "image/gif"],
  [".webp", "image/webp"],
  [".svg", "image/svg+xml"],
  [".mp3", "audio/mpeg"],
  [".mp4", "video/mp4"],
  [".zip", "application/zip"],
]);

function mediaType(path: string): string {
  return MEDIA_TYPES.get(extname(path).toLowerCase()) ?? BINARY;
}
