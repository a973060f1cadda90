import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import type { TandaError } from "../../src/task/errors.ts";

/** As a client does: the same again until it is answered. */
export async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      assert.equal((error as TandaError).code, "unavailable", inspect(error));
      await delay(50);
    }
  }
}
