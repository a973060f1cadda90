/** Looks again and again until it is so; rejects when that takes too long. */
export function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const startedAt = Date.now();
    const look = (): void => {
      if (isSo()) resolve();
      else if (Date.now() - startedAt > 10_000) reject(new Error("it never came to that"));
      else setTimeout(look, 5);
    };
    look();
  });
}
