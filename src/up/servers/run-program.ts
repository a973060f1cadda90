import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { asUser } from "../as-user.ts";

const WITHIN_MS = 60_000;

/** Once, to its end. @returns what it said. @throws what went wrong, in its own words. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { user = null, cwd }: { readonly user?: string | null; readonly cwd?: string } = {},
): Promise<string> {
  const [command, ...words] = [...asUser(user), program, ...args];
  try {
    const how = { timeout: WITHIN_MS, ...(cwd === undefined ? {} : { cwd }) };
    const { stdout } = await promisify(execFile)(command ?? program, words, how);
    return stdout;
  } catch (cause) {
    const { stderr = "" } = cause as { stderr?: string };
    throw new Error(`${program} failed: ${stderr.trim() || String(cause)}`, { cause });
  }
}
