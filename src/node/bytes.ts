import { TandaError } from "../task/errors.ts";

const UNITS = ["", "KiB", "MiB", "GiB", "TiB"] as const;
const FORM = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])i?b?|b)?$/i;

/** "64KiB", "64k", "1.5GiB", "4096". Always powers of 1,024. @throws bad_request */
export function parseBytes(text: string, what: string): number {
  const match = FORM.exec(text.trim());
  if (!match) {
    throw new TandaError("bad_request", `${what} is not a size: ${JSON.stringify(text)}`, {
      hint: "Write 4096, 64KiB, 8MiB or 2GiB.",
    });
  }
  const power = match[2] ? "kmgt".indexOf(match[2].toLowerCase()) + 1 : 0;
  return Math.round(Number(match[1]) * 1024 ** power);
}

export function formatBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  return `${Number((bytes / 1024 ** power).toFixed(1))}${UNITS[power]}`;
}
