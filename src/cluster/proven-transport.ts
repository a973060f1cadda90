/**
 * A way to another node on which both have proved that they know the cluster's secret, before anything else is said. Who cannot is
 * told nothing: not the secret, no token, no task.
 */
import { answerText, claimText, type NodeHello, type Signer } from "../protocol/node-proof.ts";
import type { Connection, Transport } from "../client/transport.ts";
import type { ErrorBody } from "../task/errors.ts";

export type Between = { readonly from: number; readonly to: number; readonly signer: Signer };

type Told = {
  readonly data?: { readonly nonce?: unknown; readonly proof?: unknown };
  readonly result?: { readonly error?: ErrorBody };
};

export function provenTransport(transport: Transport, { from, to, signer }: Between): Transport {
  return {
    name: transport.name,
    open(receiver) {
      const hello: NodeHello = { from, to, nonce: signer.nonce() };
      let state: "greeting" | "claiming" | "proven" = "greeting";
      let why: Error | null = null;
      const say = (more: object): void =>
        connection.send(`${JSON.stringify({ id: "node", op: "node", ...hello, ...more })}\n`);
      const fail = (reason: string): void => {
        why ??= new Error(reason);
        connection.abort();
      };
      const hear = (line: string): void => {
        const told = parse(line);
        const refusal = told?.result?.error;
        if (told === null || refusal !== undefined) return fail(refusal?.message ?? line.slice(0, 200));
        if (state === "claiming") {
          state = "proven";
          receiver.opened();
          return;
        }
        const { nonce, proof } = told.data ?? {};
        const isTheirs =
          typeof nonce === "string" &&
          typeof proof === "string" &&
          signer.isSigned(answerText(hello, nonce), proof);
        if (!isTheirs) return fail("it does not know the secret of this cluster");
        state = "claiming";
        say({ proof: signer.sign(claimText(hello, nonce)) });
      };
      const connection: Connection = transport.open({
        opened: () => say({}),
        lines(lines) {
          for (const [at, line] of lines.entries()) {
            if (state === "proven") return receiver.lines(at === 0 ? lines : lines.slice(at));
            if (why !== null) return;
            hear(line);
          }
        },
        closed: (reason) => receiver.closed(why ?? reason),
      });
      return {
        send: (lines) => connection.send(lines),
        close: () => connection.close(),
        abort: () => connection.abort(),
      };
    },
  };
}

function parse(line: string): Told | null {
  try {
    const value = JSON.parse(line) as Told | null;
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
