/** What is said to a request, before it is known by which way it goes out. */
import { STATUS_CODES } from "node:http";

export const JSON_TYPE = "application/json; charset=utf-8";

export type HttpAnswer = {
  readonly status: number;
  readonly type: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
};

/** Every answer has them. */
export const SAFETY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
} as const;

export const SAFETY_LINES = Object.entries(SAFETY_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

/** The whole answer, as one text for one write. `keepAliveS` is null when the connection ends with it. */
export function answerText(answer: HttpAnswer, date: string, keepAliveS: number | null): string {
  const { status, type, headers, body } = answer;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${SAFETY_LINES}`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  const ends = keepAliveS === null ? "close" : `keep-alive\r\nKeep-Alive: timeout=${keepAliveS}`;
  const bytes = Buffer.byteLength(body);
  return `${text}content-type: ${type}\r\ncontent-length: ${bytes}\r\nDate: ${date}\r\nConnection: ${ends}\r\n\r\n${body}`;
}

/** Changes once a second, so it is made once a second. */
export class DateHeader {
  #second = 0;
  #text = "";

  at(nowMs: number): string {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(nowMs).toUTCString();
    }
    return this.#text;
  }
}
