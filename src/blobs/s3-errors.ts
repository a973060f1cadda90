/**
 * What a bucket's server or its client says, in our codes. Nothing of the client's own error goes along but its name and
 * message: it may carry the request with its signature, and a refusal repeats the key's id.
 */
import { TandaError } from "../task/errors.ts";

const RETRY_AFTER_MS = 1000;
const CHECK_CREDENTIALS =
  "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile or role), and what they may do in the bucket.";

const FULL = new Set(["QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "XMinioStorageFull"]);
const SLOWER = new Set([
  "SlowDown",
  "TooManyRequests",
  "TooManyRequestsException",
  "Throttling",
  "RequestLimitExceeded",
]);
const NO_OBJECT = new Set(["NoSuchKey", "NotFound"]);

/** Of an error of the client library or of the network below it. */
export type S3Failure = {
  readonly name: string;
  readonly message: string;
  readonly status: number | null;
};

export function failureOf(thrown: unknown): S3Failure {
  const error = thrown as {
    name?: unknown;
    message?: unknown;
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const message = String(error.message ?? thrown);
  const name = [error.name, error.code].find((text) => typeof text === "string" && text !== "Error");
  return {
    name: (name as string | undefined) ?? "Error",
    // Some errors of the network have a code and no text.
    message: message === "" ? (error.code ?? "no answer") : message,
    status: error.$metadata?.httpStatusCode ?? null,
  };
}

export function isMissing(thrown: unknown): boolean {
  return NO_OBJECT.has(failureOf(thrown).name);
}

/** @param id the blob that was asked for; null when a missing one cannot be the reason. */
export function toBlobError(thrown: unknown, id: string | null): TandaError {
  if (thrown instanceof TandaError) return thrown;
  const failure = failureOf(thrown);
  const { name, status } = failure;
  const more = { retryAfterMs: RETRY_AFTER_MS, cause: plainCause(failure) };
  if (id !== null && NO_OBJECT.has(name)) return notFound(id);
  if (name === "NoSuchBucket") {
    return new TandaError("unavailable", "The bucket of the blobs is gone.", {
      ...more,
      hint: "Make it again; Tanda goes on by itself.",
    });
  }
  if (FULL.has(name) || status === 507) {
    return new TandaError("busy", "The bucket of the blobs is full.", {
      ...more,
      hint: "Free some space or raise its quota; Tanda goes on by itself.",
    });
  }
  if (SLOWER.has(name) || status === 429) {
    return new TandaError("busy", "The bucket's server asks for fewer requests.", more);
  }
  if (isRefusal(failure)) {
    return new TandaError("unavailable", `The bucket's server refuses us: ${name}.`, {
      ...more,
      hint: CHECK_CREDENTIALS,
    });
  }
  return new TandaError("unavailable", `The bucket's server does not do its work: ${say(failure)}`, more);
}

/** When a bucket is opened, what will not pass by itself is told as the mistake that it is. */
export function toOpenError(thrown: unknown, bucket: string, endpoint: string | null): TandaError {
  const failure = failureOf(thrown);
  const { name, status } = failure;
  const more = { cause: plainCause(failure) };
  const where = endpoint === null ? "" : ` at ${endpoint}`;
  if (status === 404 || name === "NoSuchBucket") {
    return new TandaError("bad_request", `There is no bucket ${bucket}${where}.`, {
      ...more,
      hint: `Make it first, for example with: aws s3 mb s3://${bucket}${endpoint === null ? "" : ` --endpoint-url ${endpoint}`}`,
    });
  }
  if (isRefusal(failure)) {
    return new TandaError("bad_request", `The bucket ${bucket}${where} refuses us: ${name}.`, {
      ...more,
      hint: CHECK_CREDENTIALS,
    });
  }
  if (status === 301 || status === 307 || name === "PermanentRedirect") {
    return new TandaError("bad_request", `The bucket ${bucket} is in another region.`, {
      ...more,
      hint: "Name it: s3://BUCKET?region=NAME",
    });
  }
  if (/region is missing/i.test(failure.message)) {
    return new TandaError("bad_request", `The region of the bucket ${bucket} is not known.`, {
      ...more,
      hint: "Name it: s3://BUCKET?region=NAME, or set AWS_REGION.",
    });
  }
  return new TandaError("unavailable", `The bucket ${bucket}${where} cannot be reached: ${say(failure)}`, {
    ...more,
    retryAfterMs: RETRY_AFTER_MS,
    hint: "Is its server running, and the endpoint right?",
  });
}

export function notFound(id: string): TandaError {
  return new TandaError("not_found", `No such blob: ${id.slice(0, 80)}`);
}

function isRefusal({ name, status }: S3Failure): boolean {
  return status === 401 || status === 403 || name === "CredentialsProviderError";
}

function say({ name, message, status }: S3Failure): string {
  const what = name === "Error" || name === message ? message : `${name}: ${message}`;
  return status === null ? what : `${what} (${status})`;
}

function plainCause(failure: S3Failure): Error {
  return new Error(isRefusal(failure) ? failure.name : say(failure));
}
