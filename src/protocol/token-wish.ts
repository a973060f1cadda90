import type { Duration } from "../task/duration.ts";

/** What is asked for; the same in the op `create_token` and in `POST /v1/tokens`. */
export type TokenWish = {
  name?: string;
  /** It may do all: then nothing below is given but `expires`. */
  all?: boolean;
  actions?: string[];
  queues?: string[];
  /** Words of scopes.ts; by default the usual ones. */
  ops?: string[];
  maxBytes?: number;
  /** "10/s", "100/m", "5/10s". */
  rate?: string;
  /** Only its own tasks. Default true. */
  own?: boolean;
  expires?: Duration;
};
export const WISH_FIELDS = [
  "name",
  "all",
  "actions",
  "queues",
  "ops",
  "maxBytes",
  "rate",
  "own",
  "expires",
] as const satisfies readonly (keyof TokenWish)[];
