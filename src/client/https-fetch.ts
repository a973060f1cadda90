/** `fetch` for nodes whose certificate is signed by an authority of one's own: the built-in one knows no authorities but Node's. */
import { request } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** As much of `fetch` as blobs need. @param ca in PEM; these authorities alone are believed. */
export function createHttpsFetch(ca: string): typeof fetch {
  return async (input, { method = "GET", headers, body, signal } = {}) => {
    const sent = new Request(input, {
      method,
      ...(headers ? { headers } : {}),
      ...(body == null ? {} : { body, duplex: "half" }),
    });
    signal?.throwIfAborted();
    const url = new URL(sent.url);
    const ask = request(url, {
      ca,
      method,
      headers: Object.fromEntries(sent.headers),
      ...(signal ? { signal } : {}),
    });
    const answered = new Promise<Response>((resolve, reject) => {
      ask.once("error", reject);
      ask.once("response", (answer) => {
        const status = answer.statusCode ?? 500;
        const isEmpty = status === 204 || status === 304;
        const told = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
        if (isEmpty) answer.resume();
        resolve(
          new Response(isEmpty ? null : (Readable.toWeb(answer) as ReadableStream), {
            status,
            headers: told as [string, string][],
          }),
        );
      });
    });
    if (sent.body === null) ask.end();
    // A refusal may come before all was sent: then it is the answer, and the rest goes nowhere.
    else pipeline(Readable.fromWeb(sent.body as never), ask).catch(() => undefined);
    return answered;
  };
}
