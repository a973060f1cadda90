import { parseDuration } from "../task/duration.ts";

/** Epoch ms, RFC 3339, or a duration back from now. @throws bad_request */
export function parseSince(since: number | string, now: number): number {
  if (typeof since === "number") return since;
  if (/^\d{4}-/.test(since)) {
    const at = Date.parse(since);
    if (Number.isFinite(at)) return at;
  }
  if (/^\d{10,}$/.test(since)) return Number(since);
  return now - parseDuration(since, "since");
}
