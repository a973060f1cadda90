/**
 * Three command lines for a person who has just started a node, each of which answers. With a token they take it from the
 * environment, so that it is not shown.
 */
export function thingsToTry(
  address: { readonly host: string; readonly port: number },
  needsToken: boolean,
): [lines: string, http: string, cli: string] {
  const name = isEverywhere(address.host) ? "localhost" : address.host;
  const host = name.includes(":") ? `[${name}]` : name;
  const { port } = address;
  // Some netcats end only when the other side does, and know no flag to change that: hence the farewell.
  const talk = needsToken
    ? `printf 'auth %s\\nupper hola\\nexit\\n' "$TANDA_TOKEN"`
    : "printf 'upper hola\\nexit\\n'";
  const header = needsToken ? ` -H "Authorization: Bearer $TANDA_TOKEN"` : "";
  const isUsual = host === "localhost" && port === 9000;
  return [
    `${talk} | nc ${name} ${port}`,
    `curl 'http://${host}:${port}/v1/tasks?wait'${header} --json '{"action":"upper","payload":"hola"}'`,
    `npx tanda run fib 30${isUsual ? "" : ` --server tanda://${host}:${port}`}`,
  ];
}

/** localhost finds these from the same machine. */
function isEverywhere(host: string): boolean {
  return ["127.0.0.1", "0.0.0.0", "::"].includes(host);
}
