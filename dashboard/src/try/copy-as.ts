/** The same task, for whoever wants to send it from elsewhere. */
import type { SubmitOptions } from "../../../src/protocol/messages.ts";

export type Way = "cli" | "curl" | "nc" | "ts";
export type Copied = {
  readonly action: string;
  readonly payload: unknown;
  readonly options: SubmitOptions;
  /** Of this page: where the node is met. */
  readonly origin: string;
  /** Whoever has one finds it in TANDA_TOKEN: it is never written out. */
  readonly hasToken: boolean;
};

export function copyAs(way: Way, { action, payload = null, options, origin, hasToken }: Copied): string {
  const { host, hostname, port, protocol } = new URL(origin);
  const isSecure = protocol === "https:";
  const text = JSON.stringify(payload);
  const given = Object.keys(options).length === 0 ? {} : { options };
  switch (way) {
    case "cli": {
      const flags = Object.entries(options).map(
        ([name, value]) => ` --${name} ${quoted(String(value as string | number))}`,
      );
      const server = isSecure ? `wss://${host}` : `tanda://${host}`;
      return `npx tanda run ${quoted(action)} ${quoted(text)}${flags.join("")} --server ${server}`;
    }
    case "curl": {
      const token = hasToken ? ` -H "authorization: Bearer $TANDA_TOKEN"` : "";
      const body = JSON.stringify({ action, payload, ...given });
      return `curl '${origin}/v1/tasks?wait=10' -H 'content-type: application/json'${token} -d ${quoted(body)}`;
    }
    case "nc": {
      const lines = [quoted(JSON.stringify({ id: 1, action, payload, ...given })), "exit"];
      if (hasToken) lines.unshift(`'{"op":"auth","token":"'"$TANDA_TOKEN"'"}'`);
      return `printf '%s\\n' ${lines.join(" ")} | nc ${hostname} ${port || (isSecure ? "443" : "80")}`;
    }
    case "ts": {
      const server = isSecure ? `wss://${host}` : `tanda://${host}`;
      const connected = hasToken
        ? `connect("${server}", { token: process.env.TANDA_TOKEN })`
        : `connect("${server}")`;
      const more = Object.keys(options).length === 0 ? "" : `, ${JSON.stringify(options)}`;
      return `import { connect } from "tanda/client";

await using tanda = ${connected};
console.log(await tanda.$.run(${JSON.stringify(action)}, ${text}${more}));`;
    }
  }
}

/** For a shell: nothing in it means anything there. */
function quoted(text: string): string {
  return /^[\w.:@%+,/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
