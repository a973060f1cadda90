/**
 * The files of the page, as they were built (dashboard/, into dist/page). They are few and small: all are read once, and kept as they
 * are sent. What has a hash in its name never changes, so a browser asks for it once.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

export type PageFile = {
  readonly path: string;
  readonly type: string;
  readonly isImmutable: boolean;
  readonly etag: string;
  readonly plain: Buffer;
  /** Made when somebody first asks for it. */
  as(encoding: "br" | "gzip"): Buffer;
};

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  webmanifest: "application/manifest+json",
};
/** Beside the sources as beside what is published. */
const PLACES = ["../../../dist/page/", "../../page/"];

/** By the path they are asked for; empty where the page was not built. */
export function readPageFiles(
  places: readonly string[] = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))),
): Map<string, PageFile> {
  const folder = places.find((place) => existsSync(`${place}index.html`));
  if (folder === undefined) return new Map();
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.length).replace(/^\/+/, ""));
  const files = names.map((name) => pageFile(name, readFileSync(folder + name)));
  return new Map(files.map((file) => [file.path, file]));
}

function pageFile(name: string, plain: Buffer): PageFile {
  const made = new Map<string, Buffer>();
  return {
    path: name === "index.html" ? "/" : `/${name}`,
    type: TYPES[name.split(".").at(-1)!] ?? "application/octet-stream",
    isImmutable: name.startsWith("assets/"),
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    plain,
    as(encoding) {
      let bytes = made.get(encoding);
      if (bytes === undefined) made.set(encoding, (bytes = compressed(encoding, plain)));
      return bytes;
    },
  };
}

function compressed(encoding: "br" | "gzip", plain: Buffer): Buffer {
  if (encoding === "gzip") return gzipSync(plain);
  return brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
}
