/** Flags about who may do what, and how long that is remembered. */
import { formatDuration } from "../task/duration.ts";
import { duration, whole, wrong } from "./flag-values.ts";
import type { NodeFlag } from "./node-flag.ts";
import { DEFAULT_OPTIONS } from "./options.ts";

const LEAST_RETENTION_MS = 3_600_000;

export const ACCESS_FLAGS: readonly NodeFlag[] = [
  {
    name: "require-token",
    default: "off",
    says: "nobody may do anything without a token, on 127.0.0.1 neither; off loopback that is always so",
    apply: (draft, text) => {
      if (!/^(?:yes|no|true|false|1|0)$/.test(text)) throw wrong(`--require-token is yes or no, not ${text}`);
      draft.requireToken = /^(?:yes|true|1)$/.test(text);
    },
  },
  {
    name: "max-tokens",
    value: "N",
    default: String(DEFAULT_OPTIONS.maxTokens),
    says: "tokens of `tanda token create` that live at once; more are refused as busy",
    apply: (draft, text) => (draft.maxTokens = whole("max-tokens", text, 1, 100_000)),
  },
  {
    name: "audit-retention",
    value: "TIME",
    default: formatDuration(DEFAULT_OPTIONS.auditRetentionMs),
    says: "how long the audit log is kept, and tokens that are over",
    apply: (draft, text) => {
      const keptMs = duration("audit-retention", text);
      if (keptMs < LEAST_RETENTION_MS) throw wrong(`--audit-retention is at least 1h, not ${text}`);
      draft.auditRetentionMs = keptMs;
    },
  },
];
