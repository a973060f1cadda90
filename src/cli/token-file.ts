/** A token in a file, as containers and service managers hand out secrets: the environment is seen by more than who it is for. */
import { readFileSync } from "node:fs";
import { TandaError } from "../task/errors.ts";

const NAME = "TANDA_TOKEN";
const FILE_NAME = "TANDA_TOKEN_FILE";

/**
 * With the text of the file as TANDA_TOKEN. A copy: what the process itself has, its children inherit, and actions run there.
 * @throws bad_request when the file cannot be read or is empty, for no token must never be the answer to a wrong path.
 */
export function withTokenOfFile(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const file = env[FILE_NAME] || undefined;
  if (file === undefined) return env;
  if (env[NAME]) throw wrong(`both ${NAME} and ${FILE_NAME} are set: which one?`);
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw wrong(`the file ${file} cannot be read: ${(cause as Error).message} (from ${FILE_NAME})`, cause);
  }
  if (token === "") throw wrong(`the file ${file} is empty (from ${FILE_NAME})`);
  return { ...env, [NAME]: token };
}

function wrong(message: string, cause?: unknown): TandaError {
  return new TandaError("bad_request", message, { cause });
}
