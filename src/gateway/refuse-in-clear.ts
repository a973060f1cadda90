/** What is said, in the clear, to who speaks in the clear where only TLS is taken. */
import { rawProblem, HttpError } from "./http/problem.ts";

const WHY = "only TLS is spoken here";
const HINT = "Write tandas:// or https://.";
const UPGRADE_REQUIRED = 426;

export function refuseInClear(kind: "http" | "lines"): string {
  if (kind === "lines") return `error: bad_request: ${WHY} (tandas://, https://)\n`;
  return rawProblem(UPGRADE_REQUIRED, new HttpError(UPGRADE_REQUIRED, "bad_request", WHY, HINT));
}
