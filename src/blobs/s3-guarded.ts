import { PassThrough, type Readable } from "node:stream";

/** A body from the network, whose end before its time is told as a refusal, and which is let go when nobody wants more. */
export function guarded(body: Readable, toError: (error: unknown) => Error): Readable {
  const out = new PassThrough();
  let isWhole = false;
  body.once("end", () => (isWhole = true));
  body.once("error", (error) => out.destroy(toError(error)));
  body.once("close", () => {
    if (!isWhole) out.destroy(toError(new Error("the connection ended before the blob did")));
  });
  out.once("close", () => body.destroy());
  return body.pipe(out);
}
