import { formatAddress, isLoopback } from "../gateway/listen.ts";
import type { BalancerOptions } from "./options.ts";

/** What whoever puts a configuration into use has to know, as comments. */
export function preface(options: BalancerOptions, how: readonly string[]): string[] {
  const { listen, nodes, isProxy } = options;
  const mark = isProxy ? ",proxy" : "";
  const lines = [
    "Tanda behind one address. Lines, HTTP and WebSocket go through the same port: connections are passed on as they are, and the node",
    "finds out what is spoken.",
    "",
    "The nodes are started with",
    ...nodes.map((node) => `    tanda serve --listen ${formatAddress(node)}${mark} …`),
    ...(isProxy
      ? [
          "where `,proxy` wants a PROXY header on each connection, and so knows the client's own address. Let only the balancer",
          "reach such a port: who else sends the header is believed.",
        ]
      : [
          "They see the balancer's address instead of the client's: so do their logs and limits per address.",
        ]),
    "",
    ...how,
  ];
  if (!isLoopback(listen.host)) {
    lines.push(
      "",
      `${formatAddress(listen)} can be reached from other machines: give the nodes a token, also those on loopback.`,
    );
  }
  return lines.map((line) => `# ${line}`.trimEnd());
}
