/** A bucket with its client: the keys, and the limits in time of every request. */
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { randomUUID } from "node:crypto";
import type { S3Address } from "./s3-address.ts";

const CONNECT_MS = 3000;
/** Until the answer begins, the sending of a part included. */
export const ANSWER_MS = 20_000;
/** Between two bytes of an answer; who reads it may rest as long. */
const SILENCE_MS = 60_000;
/** With rests that grow, and chance in them: the client's "standard" way. */
const ATTEMPTS = 3;
const TEMPORARY = "tmp/";
const ID_FORM = /^[0-9a-f]{64}$/;

export class S3Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly prefix: string;

  constructor({ bucket, prefix, endpoint, region, isPathStyle }: S3Address, answerMs: number) {
    this.name = bucket;
    this.prefix = prefix;
    // Servers other than Amazon's need a region to sign for, and accept any.
    const usual = endpoint === null ? undefined : (process.env["AWS_REGION"] ?? "us-east-1");
    const signedFor = region ?? usual;
    this.client = new S3Client({
      forcePathStyle: isPathStyle,
      ...(endpoint === null ? {} : { endpoint }),
      ...(signedFor === undefined ? {} : { region: signedFor }),
      maxAttempts: ATTEMPTS,
      retryMode: "standard",
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        requestTimeout: answerMs,
        throwOnRequestTimeout: true,
        socketTimeout: SILENCE_MS,
        httpAgent: { keepAlive: true, maxSockets: 64 },
        httpsAgent: { keepAlive: true, maxSockets: 64 },
      },
      // Bodies are signed by their hash; servers other than Amazon's do not all know the newer checksums.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  async check(): Promise<void> {
    await this.client.send(new HeadBucketCommand({ Bucket: this.name }));
  }

  at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: key };
  }

  keyOf(id: string): string {
    return this.prefix + id;
  }

  get temporaryPrefix(): string {
    return this.prefix + TEMPORARY;
  }

  newTemporaryKey(): string {
    return this.temporaryKey(randomUUID());
  }

  temporaryKey(name: string): string {
    return this.temporaryPrefix + name;
  }

  /** Null for what is not a blob's. */
  idOf(key: string): string | null {
    const id = key.slice(this.prefix.length);
    return key.startsWith(this.prefix) && ID_FORM.test(id) ? id : null;
  }
}

export function isBlobId(id: string): boolean {
  return ID_FORM.test(id);
}
