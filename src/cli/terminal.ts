import { styleText } from "node:util";
import { withTokenOfFile } from "./token-file.ts";

export type Style = Parameters<typeof styleText>[0];

/** Where a verb reads and writes. Colours and bars appear only where a person looks. */
export class Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly isJson: boolean;
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
    this.stdout.write(`${line}\n`);
  }

  /** To a person, beside the output. */
  note(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  /** One JSON value on one line. */
  json(value: unknown): void {
    this.stdout.write(`${JSON.stringify(value)}\n`);
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.stdout });
  }

  styleNote(style: Style, text: string): string {
    return styleText(style, text, { stream: this.stderr });
  }

  /** Waits until the other end of a pipe has taken what was written. */
  async drained(): Promise<void> {
    if (!this.stdout.writableNeedDrain) return;
    await new Promise<void>((resolve) => this.stdout.once("drain", resolve));
  }
}
