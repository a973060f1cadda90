/** Who may come in: the token, and what a browser says about the page that sends a request. */
import { createHash, timingSafeEqual } from "node:crypto";
import { TandaError } from "../task/errors.ts";

export type DoorOptions = {
  readonly token: string | null;
  /** Names besides localhost that a loopback listener answers to. */
  readonly hosts: readonly string[];
  /** Origins besides its own whose pages may use it. */
  readonly origins: readonly string[];
};

/** A connection that gave so many is closed. */
export const MAX_WRONG_TOKENS = 3;
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"];

export class Door {
  readonly #digest: Buffer | null;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor(options: DoorOptions) {
    this.#digest = options.token === null ? null : digest(options.token);
    this.#hosts = new Set([...OWN_NAMES, ...options.hosts.map((host) => host.toLowerCase())]);
    this.#origins = new Set(options.origins.map((origin) => origin.toLowerCase().replace(/\/$/, "")));
  }

  get needsToken(): boolean {
    return this.#digest !== null;
  }

  /** Takes as long for every wrong token, whatever is right in it. */
  isToken(given: string): boolean {
    return this.#digest === null || timingSafeEqual(this.#digest, digest(given));
  }

  /** A name that was made to point here (rebinding) is not ours. Needed on loopback only: elsewhere the token decides. */
  isOwnHost(host: string): boolean {
    const lower = host.toLowerCase();
    return this.#hosts.has(lower) || this.#hosts.has(lower.replace(/:\d*$/, ""));
  }

  /** @param host the request's, since a page of ours has that origin. */
  isAllowedOrigin(origin: string, host: string): boolean {
    const lower = origin.toLowerCase();
    const own = host.toLowerCase();
    return lower === `http://${own}` || lower === `https://${own}` || this.#origins.has(lower);
  }

  /** A page of another origin that was configured: its browser must be told that it may read answers. */
  isConfiguredOrigin(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** What lines and WebSocket are told. */
export function unauthorized(): TandaError {
  return new TandaError("unauthorized", "a token is required, or this one is wrong", {
    hint: 'Send {"op":"auth","token":"…"} first, or auth TOKEN',
  });
}
