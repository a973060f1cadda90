import { randomUUID } from "node:crypto";
import { styleText } from "node:util";
import { visible } from "../protocol/visible.ts";
import { withTokenOfFile } from "./token-file.ts";

export type Style = Parameters<typeof styleText>[0];

/**
 * Where a verb reads and writes. Colours and bars appear only where a person looks. What is said may have text of others in it: no
 * control character of it reaches the terminal, since a style of ours is a mark that nobody else knows until the line is written.
 */
export class Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly isJson: boolean;
  /** Stands for what begins a style. */
  readonly #mark = `\ue000${randomUUID()}:`;
  readonly #ownEnv: NodeJS.ProcessEnv;
  #env: NodeJS.ProcessEnv | null = null;

  constructor(process: NodeJS.Process, isJson: boolean) {
    this.stdin = process.stdin;
    this.stdout = process.stdout;
    this.stderr = process.stderr;
    this.#ownEnv = process.env;
    this.isJson = isJson;
  }

  /** @throws bad_request when it names a file for the token, and there is none in it. */
  get env(): NodeJS.ProcessEnv {
    return (this.#env ??= withTokenOfFile(this.#ownEnv));
  }

  /** Both ends are a person's. */
  get isInteractive(): boolean {
    return this.stdin.isTTY && this.stdout.isTTY;
  }

  /** How wide the screen is that the output goes to; null where it goes elsewhere, or nobody knows. */
  get columns(): number | null {
    return this.stdout.isTTY && this.stdout.columns > 0 ? this.stdout.columns : null;
  }

  say(line: string): void {
    this.stdout.write(`${this.#shown(line)}\n`);
  }

  /** What was asked for: as it is for a program, and for a person as all else. */
  result(text: string): void {
    this.stdout.write(this.stdout.isTTY ? this.#shown(text) : text);
  }

  /** To a person, beside the output. */
  note(line: string): void {
    this.stderr.write(`${this.#shown(line)}\n`);
  }

  /** One JSON value on one line. */
  json(value: unknown): void {
    this.stdout.write(`${visible(JSON.stringify(value))}\n`);
  }

  style(style: Style, text: string): string {
    return this.#marked(styleText(style, "\0", { stream: this.stdout }), text);
  }

  styleNote(style: Style, text: string): string {
    return this.#marked(styleText(style, "\0", { stream: this.stderr }), text);
  }

  /** For who writes to the screen himself, of nothing that comes from outside. */
  paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.stdout });
  }

  /** Without styles: what is seen. */
  plain(text: string): string {
    return text.includes(this.#mark) ? this.#split(text, () => "") : text;
  }

  #marked(pattern: string, text: string): string {
    return pattern.replaceAll("\u001b[", this.#mark).replace("\0", () => text);
  }

  #shown(text: string): string {
    const shown = visible(text);
    return shown.includes(this.#mark) ? this.#split(shown, (codes) => `\u001b[${codes}m`) : shown;
  }

  #split(text: string, write: (codes: string) => string): string {
    const [first, ...rest] = text.split(this.#mark);
    return (
      first! +
      rest
        .map((part) => {
          const end = part.indexOf("m");
          return write(part.slice(0, end)) + part.slice(end + 1);
        })
        .join("")
    );
  }

  /** Waits until the other end of a pipe has taken what was written. */
  async drained(): Promise<void> {
    if (!this.stdout.writableNeedDrain) return;
    await new Promise<void>((resolve) => this.stdout.once("drain", resolve));
  }
}
