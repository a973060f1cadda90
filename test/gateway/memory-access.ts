import type { TokenRecord } from "../../src/task/access.ts";

/** Tokens as a store keeps them, in memory. */
export class MemoryAccess {
  readonly #tokens = new Map<string, TokenRecord>();

  async tokens(): Promise<TokenRecord[]> {
    return [...this.#tokens.values()];
  }

  async keepTokens(tokens: readonly TokenRecord[]): Promise<void> {
    for (const token of tokens) this.#tokens.set(token.id, token);
  }
}
