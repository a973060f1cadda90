/** The same task, for whoever wants to send it from elsewhere. */
export type Way = "cli" | "curl" | "nc" | "ts";

export function copyAs(way: Way, action: string, payload: unknown, origin: string): string {
  const text = JSON.stringify(payload ?? null);
  const { host, hostname, port, protocol } = new URL(origin);
  const number = port || (protocol === "https:" ? "443" : "80");
  switch (way) {
    case "cli":
      return `npx tanda run ${action} ${quoted(text)} --server tanda://${host}`;
    case "curl":
      return `curl '${origin}/v1/tasks?wait=10' -H 'content-type: application/json' -d ${quoted(JSON.stringify({ action, payload }))}`;
    case "nc":
      return `printf '%s\\n' ${quoted(JSON.stringify({ id: 1, action, payload }))} exit | nc ${hostname} ${number}`;
    case "ts":
      return `import { connect } from "tanda/client";\n\nawait using tanda = connect("tanda://${host}");\nconsole.log(await tanda.$.run(${JSON.stringify(action)}, ${text}));`;
  }
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
