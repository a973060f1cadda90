/** What a student has at hand: Python and its socket, and the programs that come with the databases. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { needs } from "../../../scripts/system-programs.ts";
import { ROOT } from "../serve-process.ts";

/** The clients, and the page, that docs/systems.md tells of. */
export const EXAMPLES = join(ROOT, "examples/systems");

const python = needs("python3");
const sqlite3 = needs("sqlite3");
const psql = needs("psql");

const run = promisify(execFile);

/** A Python program at a prompt. */
export class Python implements AsyncDisposable {
  text = "";
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #isOver = false;
  #changed: () => void = () => {};

  constructor(...words: string[]) {
    const env = { ...process.env, PYTHONUNBUFFERED: "1", PYTHONUTF8: "1" };
    this.#child = spawn(python.path, words, { cwd: EXAMPLES, env, stdio: "pipe" });
    this.#child.stdin!.on("error", () => {});
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.text += text;
        this.#changed();
      });
    }
    this.exited = new Promise((resolve) =>
      this.#child.once("close", (code) => {
        this.#isOver = true;
        this.#changed();
        resolve(code);
      }),
    );
  }

  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (this.#isOver) throw new Error(`it ended without ${pattern}: ${this.text}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** No more is typed. @returns all it said, when it has ended well. */
  async end(text = ""): Promise<string> {
    this.#child.stdin!.end(text);
    assert.equal(await this.exited, 0, this.text);
    return this.text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) this.#child.kill("SIGKILL");
    await this.exited;
  }
}

/** Sends lines such as "upper hola" at once, as JSON. @returns the answers, by the number of the line. */
export async function sendLines(port: number, lines: readonly string[]): Promise<unknown[]> {
  await using client = new Python("lines.py", String(port));
  const said = await client.end(lines.join("\n"));
  const answers = said
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: number; status: string; result: { data: unknown } });
  assert.equal(answers.length, lines.length);
  return answers.toSorted((a, b) => a.id - b.id).map(({ status, result }) => [status, result.data][1]);
}

/** @returns which node answered how many of so many tasks, all of which were done. */
export async function sendMany(port: number, tasks: number): Promise<Map<number, number>> {
  await using client = new Python("many.py", "--port", String(port), "--tasks", String(tasks));
  const said = await client.end();
  assert.match(said, new RegExp(`^${tasks} tasks in [\\d.]+ s: ${tasks} done\n`));
  return new Map(
    [...said.matchAll(/^node (\d+) answered (\d+)$/gm)].map(([, n, of]) => [Number(n), Number(of)]),
  );
}

/** As SQLite's own program reads them, also while a node writes. */
export async function sqliteRows<T>(file: string, sql: string): Promise<T[]> {
  const { stdout } = await run(sqlite3.path, ["-readonly", "-json", file, sql]);
  return stdout === "" ? [] : (JSON.parse(stdout) as T[]);
}

/** As PostgreSQL's own program reads them. */
export async function postgresRows<T>(url: string, sql: string): Promise<T[]> {
  const { stdout } = await run(psql.path, [url, "-qAt", "-c", `select to_json(t) from (${sql}) t`]);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as T]));
}
