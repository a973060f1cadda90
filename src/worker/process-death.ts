/** What an exit code, a signal and the last words of a pool process say about how it died. */
import type { ErrorBody } from "../task/errors.ts";
import { crashed, outOfMemory } from "./handler-error.ts";

const NO_MEMORY =
  /out of memory|bad_alloc|Allocation failed|Reached heap limit|invalid (?:table|array|string) (?:size|length)/i;
const FATAL = /^.*(?:FATAL ERROR|fatal error|Assertion failed|terminate called).*$/m;

export function deathError(
  code: number | null,
  signal: string | null,
  stderr: string,
  memoryMb: number,
): ErrorBody {
  const fatal = FATAL.exec(stderr)?.[0].trim().slice(0, 300);
  if (NO_MEMORY.test(stderr) && (signal !== null || code !== 0))
    return outOfMemory(memoryMb, fatal ?? "its process ran out of it");
  const how = signal === null ? `with exit code ${code ?? "unknown"}` : `by ${signal}`;
  const body = crashed(`the process that ran it ended ${how}${fatal ? `: ${fatal}` : ""}`);
  if (signal === "SIGKILL")
    return { ...body, hint: "Somebody killed it; it may have been the system, short of memory." };
  return body;
}
