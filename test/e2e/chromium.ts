/** Real pages: Debian's Chromium, and a server that gives its pages the client as it is published for browsers. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser, type JSHandle, type Page } from "playwright-core";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** Names that mean this machine in our Chromium, and in nothing else. */
export const EVIL_NAME = "evil.example";
export const FRIENDLY_NAME = "board.example";

export function openChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP ${EVIL_NAME} 127.0.0.1, MAP ${FRIENDLY_NAME} 127.0.0.1`,
    ],
  });
}

export type Sdk = typeof import("../../src/client/browser.ts");

/** What a site that uses Tanda has: a page, and the built client under the name it has in the package. */
export class Site implements AsyncDisposable {
  readonly #server: Server;
  readonly #dist: string;

  private constructor(server: Server, dist: string) {
    this.#server = server;
    this.#dist = dist;
  }

  static async open(): Promise<Site> {
    const dist = mkdtempSync(join(tmpdir(), "tanda-site-"));
    try {
      // The checkout's own dist/ may be older than its sources, or just be built anew by somebody else.
      await promisify(execFile)(process.execPath, [`${ROOT}scripts/build.mjs`, "--no-page", dist]);
      const server = createServer((request, response) => {
        const path = normalize(new URL(request.url!, "http://site").pathname);
        const send = (type: string, body: string | Buffer): void => {
          // Anyone may import what is here, a page of the node itself too.
          response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*" }).end(body);
        };
        if (path === "/") {
          send("text/html; charset=utf-8", PAGE);
          return;
        }
        const file = path.startsWith("/dist/") ? dist + path.slice("/dist".length) : FIXTURES + path;
        readFile(file).then(
          (text) => send("text/javascript; charset=utf-8", text),
          () => response.writeHead(404).end(),
        );
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return new Site(server, dist);
    } catch (error) {
      rmSync(dist, { recursive: true, force: true });
      throw error;
    }
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  originAs(host: string): string {
    return `http://${host}:${this.port}`;
  }

  get clientUrl(): string {
    return this.originAs("127.0.0.1") + CLIENT_PATH;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#dist, { recursive: true, force: true });
  }
}

/** The client that `import "tanda/client"` means in a browser. */
const CLIENT_PATH = (
  JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    exports: { "./client": { browser: { default: string } } };
  }
).exports["./client"].browser.default.slice(1);

const PAGE = `<!doctype html>
<title>A page that uses Tanda</title>
<script type="importmap">{ "imports": { "tanda/client": "${CLIENT_PATH}" } }</script>
<script type="module">import * as sdk from "tanda/client"; globalThis.sdk = sdk;</script>
`;

/** A new page that has loaded the client. */
export async function openPage(
  browser: Browser,
  origin: string,
): Promise<{ page: Page; sdk: JSHandle<Sdk> } & AsyncDisposable> {
  const page = await browser.newPage();
  await page.goto(origin);
  const sdk = (await page.evaluateHandle("sdk")) as JSHandle<Sdk>;
  return { page, sdk, [Symbol.asyncDispose]: () => page.close() };
}
