/** One run as it is kept: all figures of all rounds, and what they were measured on. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { join } from "node:path";
import type { Judged } from "./goals.ts";
import type { LeftOut } from "./suite.ts";
import type { Result } from "./workloads.ts";

export type Report = {
  readonly at: string;
  readonly suite: string;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly node: string;
  readonly cpu: string | undefined;
  readonly cores: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly leftOut: readonly LeftOut[];
  readonly goals: readonly Judged[];
  readonly results: readonly Result[];
};

export function newReport(
  run: Pick<Report, "suite" | "rounds" | "isQuick" | "versions" | "leftOut" | "goals" | "results">,
): Report {
  return {
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    kernel: release(),
    ...run,
  };
}

/** @returns the path. @param extension of the file: what is kept of one run has one name. */
export function writeBeside(folder: string, report: Report, extension: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${report.at.replaceAll(":", "-")}.${extension}`);
  writeFileSync(file, text);
  return file;
}

export function readReport(file: string): Report {
  return JSON.parse(readFileSync(file, "utf8")) as Report;
}
