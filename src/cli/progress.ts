import type { Terminal } from "./terminal.ts";

/** What is told while many tasks run. */
export type Progress = {
  update(done: number, failed: number): void;
  stop(): void;
};

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** A bar on standard error when a person looks at it; else nothing. `total` null: unknown. */
export async function openProgress(terminal: Terminal, total: number | null): Promise<Progress> {
  if (!terminal.stderr.isTTY || terminal.isJson) return SILENT;
  const { SingleBar, Presets } = await import("cli-progress");
  const format =
    total === null
      ? "{value} tasks · {rate}/s · {failed} failed"
      : "{bar} {percentage}% · {value}/{total} · {rate}/s · {failed} failed · {eta_formatted}";
  const bar = new SingleBar(
    { format, stream: terminal.stderr, hideCursor: true, clearOnComplete: true, etaBuffer: 1000 },
    Presets.shades_classic,
  );
  const startedAt = performance.now();
  bar.start(total ?? Number.MAX_SAFE_INTEGER, 0, { rate: 0, failed: 0 });
  return {
    update(done, failed) {
      const seconds = (performance.now() - startedAt) / 1000;
      bar.update(done, { rate: Math.round(done / Math.max(seconds, 0.001)), failed });
    },
    stop: () => bar.stop(),
  };
}
