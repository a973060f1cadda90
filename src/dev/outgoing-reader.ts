/** Reads what one connection sends: HTTP/1 requests, or Tanda's lines; anything else is told once, as that. */
import type { ObservedRun } from "./observed-run.ts";
import { hashOf } from "./observed-run.ts";

const MOST_HEAD_CHARS = 64 * 1024;
const MOST_BODY_CHARS = 1024 * 1024;
const REQUEST = /^([A-Z]{3,10}) (\S+) HTTP\/1\.[01]$/;
const MAY_BE_REQUEST = /^(?!PRI )[A-Z]{1,10}( |$)/;

/** A request whose body is on its way. */
type Request = {
  readonly run: ObservedRun | null;
  readonly method: string;
  readonly url: string;
  readonly head: string;
  readonly token: string | null;
  body: string;
  /** Bytes of the body, or of its chunk, that are still to come. */
  left: number;
  readonly isChunked: boolean;
};

export class OutgoingReader {
  readonly #to: string;
  readonly #scheme: "http" | "https";
  /** One character a byte. */
  #text = "";
  #request: Request | null = null;
  #isForeign = false;
  readonly #toldForeign = new WeakSet<ObservedRun>();

  constructor(to: string, scheme: "http" | "https") {
    this.#to = to;
    this.#scheme = scheme;
  }

  read(bytes: Buffer, run: ObservedRun | null): void {
    if (!this.#isForeign) this.#text += bytes.toString("latin1");
    while (!this.#isForeign && this.#text !== "" && this.#step(run)) {
      // what came may hold several
    }
    if (this.#isForeign && run !== null && !this.#toldForeign.has(run)) {
      this.#toldForeign.add(run);
      run.did({ kind: "connection", to: this.#to });
    }
  }

  /** @returns false when more has to come first. */
  #step(run: ObservedRun | null): boolean {
    if (this.#request !== null) return this.#readBody(this.#request);
    if (this.#text.startsWith("{")) return this.#readLine(run);
    if (MAY_BE_REQUEST.test(this.#text)) return this.#readHead(run);
    return this.#giveUp();
  }

  #giveUp(): false {
    this.#isForeign = true;
    this.#text = "";
    return false;
  }

  #readLine(run: ObservedRun | null): boolean {
    const end = this.#text.indexOf("\n");
    if (end < 0) return this.#text.length > MOST_BODY_CHARS ? this.#giveUp() : false;
    const said = readJson(this.#text.slice(0, end));
    if (said === null || (typeof said.action !== "string" && typeof said.op !== "string"))
      return this.#giveUp();
    this.#text = this.#text.slice(end + 1);
    if (typeof said.action === "string" && said.op === undefined)
      run?.did({ kind: "submit", action: said.action, token: tokenOf(said) });
    return true;
  }

  #readHead(run: ObservedRun | null): boolean {
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) return this.#text.length > MOST_HEAD_CHARS ? this.#giveUp() : false;
    const head = this.#text.slice(0, end);
    const [first = "", ...lines] = head.split("\r\n");
    const [, method, target] = REQUEST.exec(first) ?? [];
    if (method === undefined || target === undefined) return this.#giveUp();
    this.#text = this.#text.slice(end + 4);
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const isChunked = /chunked/i.test(headers.get("transfer-encoding") ?? "");
    const left = isChunked ? 0 : Number(headers.get("content-length") ?? 0);
    const url = target.startsWith("/")
      ? `${this.#scheme}://${headers.get("host") ?? this.#to}${target}`
      : target;
    const token = headers.get("idempotency-key") ?? null;
    this.#request = { run, method, url, head, token, body: "", left, isChunked };
    return this.#readBody(this.#request);
  }

  #readBody(request: Request): boolean {
    for (;;) {
      const taken = this.#text.slice(0, request.left);
      this.#text = this.#text.slice(taken.length);
      request.left -= taken.length;
      if (request.body.length < MOST_BODY_CHARS) request.body += taken;
      if (request.left > 0) return false;
      if (!request.isChunked) break;
      const size = /^(?:\r\n)?([0-9a-f]+)[^\r\n]*\r\n/i.exec(this.#text);
      if (size === null) return false;
      const isLast = Number.parseInt(size[1]!, 16) === 0;
      if (isLast && !this.#text.startsWith("\r\n", size[0].length)) return false;
      this.#text = this.#text.slice(size[0].length + (isLast ? 2 : 0));
      if (isLast) break;
      request.left = Number.parseInt(size[1]!, 16);
    }
    this.#request = null;
    this.#tell(request);
    return true;
  }

  #tell({ run, method, url, head, token, body }: Request): void {
    if (run === null) return;
    run.did({
      kind: "request",
      method,
      url,
      // Tanda takes the key in the body too.
      token: token ?? (/\/v1\/tasks(?:\?|$)/.test(url) ? tokenOf(readJson(body)) : null),
      namesTask: head.includes(run.task) || body.includes(run.task),
      body: hashOf(body),
    });
  }
}

/** Of a task that is sent: `options.key`, or the id that it is to have. */
function tokenOf(said: unknown): string | null {
  const { options } = (said ?? {}) as { options?: { key?: unknown; task?: unknown } };
  const token = options?.key ?? options?.task;
  return typeof token === "string" ? token : null;
}

/** @param text one character a byte. @returns null for what is no object. */
function readJson(text: string): { action?: unknown; op?: unknown } | null {
  try {
    const value = JSON.parse(Buffer.from(text, "latin1").toString("utf8")) as unknown;
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
