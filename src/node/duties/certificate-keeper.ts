/**
 * Keeps the certificate in step with its files: a renewed pair is taken without a restart, by itself or when told to look. A pair
 * that is broken, or half exchanged, is told once and the old one goes on; late or dead, clients see the old one expire.
 * Tells in the log, too, that it is about to.
 */
import { expiryOf, readPair, type CertificateFiles, type CertificatePair } from "../certificate.ts";
import type { Duty } from "./duty.ts";
import { repeat } from "./duty.ts";

/** Looks at files of a few kilobytes. */
const LOOK_EVERY_MS = 5000;
const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;

export type CertificateKeeperOptions = {
  readonly pair: CertificatePair;
  /** Null: it was given as text, and never changes. */
  readonly files: CertificateFiles | null;
  /** @throws when TLS does not take it. */
  readonly renew: (pair: CertificatePair) => void;
  readonly log: {
    info(fields: object, text: string): void;
    warn(fields: object, text: string): void;
    error(fields: object, text: string): void;
  };
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  readonly lookEveryMs?: number;
};

export class CertificateKeeper implements Duty {
  readonly #options: CertificateKeeperOptions;
  readonly #looking: Duty;
  #pair: CertificatePair;
  /** What was told last of files that cannot be taken. */
  #refused: string | null = null;
  #toldExpiryAt = -Infinity;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#pair = options.pair;
    this.#looking = repeat(options.lookEveryMs ?? LOOK_EVERY_MS, () => this.look(), options.onError);
    this.#tellExpiry();
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  look(): void {
    this.#takeChanged();
    this.#tellExpiry();
  }

  #takeChanged(): void {
    const { files, renew, log } = this.#options;
    if (files === null) return;
    try {
      const pair = readPair(files);
      if (pair.cert !== this.#pair.cert || pair.key !== this.#pair.key) {
        renew(pair);
        this.#pair = pair;
        this.#toldExpiryAt = -Infinity;
        log.info(
          { ...files, expires: day(expiryOf(pair.cert)) },
          "a renewed certificate is used from now on",
        );
      }
      this.#refused = null;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why === this.#refused) return;
      this.#refused = why;
      const hint =
        "Put certificate and key of one pair into both files; they are looked at every few seconds.";
      log.error({ ...files, why, hint }, "the certificate's files cannot be used; the old one goes on");
    }
  }

  /** Once a day. */
  #tellExpiry(): void {
    const { log, now, files } = this.#options;
    const expiresAt = expiryOf(this.#pair.cert);
    const leftMs = expiresAt - now();
    if (leftMs > SOON_MS || now() - this.#toldExpiryAt < DAY_MS) return;
    this.#toldExpiryAt = now();
    const facts = { ...files, expires: day(expiresAt) };
    if (leftMs > 0)
      log.warn({ ...facts, daysLeft: Math.floor(leftMs / DAY_MS) }, "the certificate expires soon");
    else log.error(facts, "the certificate has expired: clients refuse it");
  }
}

function day(ms: number): string {
  return new Date(ms).toISOString();
}
