import { formatAddress } from "../gateway/listen.ts";
import type { BalancerOptions } from "./options.ts";
import { preface } from "./preface.ts";

/** A whole nginx.conf, for nginx 1.22 and later with the stream module. */
export function nginxConfig(options: BalancerOptions): string {
  const { listen, nodes, isProxy, tls, module } = options;
  const words = [
    "backlog=4096",
    "so_keepalive=60s:10s:6",
    ...(listen.host === "::" ? ["ipv6only=off"] : []),
    ...(tls ? ["ssl"] : []),
  ];
  const lines = [
    ...preface(options, [
      "Check it:   nginx -t -c FILE        Run it:   nginx -c FILE (in the background; FILE is a whole path, from / on)",
      "Reload it:  nginx -s reload -c FILE (systemctl reload nginx). Connections that are there stay with the old worker until they end.",
      "End it:     nginx -s quit -c FILE   once connections have ended; -s stop at once",
      "",
      "This nginx learns from failed connects only: a process that accepts and never answers is not noticed. The SDK notices and goes to",
      "another node; who uses plain sockets should rather take HAProxy, which asks the nodes PING.",
    ]),
    "",
    ...(module === null ? [] : [`load_module ${module};`]),
    "worker_processes auto;",
    "# Each connection needs two files, one to each side.",
    `worker_rlimit_nofile ${options.connections * 2 + 1000};`,
    "# After a reload, old workers that still hold connections end at the latest then.",
    `worker_shutdown_timeout ${options.idleMs}ms;`,
    "",
    "events {",
    `    worker_connections ${options.connections * 2 + 100};`,
    "}",
    "",
    "stream {",
    "    # One line per connection, with the node it went to: access_log FILE tanda;",
    `    log_format tanda '$time_iso8601 $remote_addr:$remote_port -> $upstream_addr $status in=$bytes_received out=$bytes_sent $session_time';`,
    "    access_log off;",
    "",
    "    upstream nodes {",
    "        # Shared by the workers, or each would count connections and failures for itself.",
    "        zone nodes 256k;",
    "        # Connections are long and unlike: the node with the fewest gets the next.",
    "        least_conn;",
    "        # After two connects that failed, a node gets nothing for 5 s, then one try.",
    ...nodes.map((node) => `        server ${formatAddress(node)} max_fails=2 fail_timeout=5s;`),
    "    }",
    "",
    "    # One address cannot take all the room.",
    "    limit_conn_zone $binary_remote_addr zone=addresses:10m;",
    "",
    "    server {",
    `        listen ${formatAddress(listen)} ${words.join(" ")};`,
    ...(tls
      ? [
          `        ssl_certificate ${tls.cert};`,
          `        ssl_certificate_key ${tls.key};`,
          "        ssl_protocols TLSv1.2 TLSv1.3;",
        ]
      : ["        # TLS, when the nodes speak it, passes through as it is."]),
    `        limit_conn addresses ${options.addressConnections};`,
    "        proxy_pass nodes;",
    ...(isProxy
      ? [
          "        # Tells the node who the client is. Version 1: nginx knows no other.",
          "        proxy_protocol on;",
        ]
      : []),
    "        # A node that does not take the connection: try another at once. Nothing was sent yet, so nothing is repeated.",
    `        proxy_connect_timeout ${options.connectMs}ms;`,
    "        proxy_next_upstream on;",
    `        proxy_next_upstream_tries ${nodes.length};`,
    "        # A client may wait in silence for a long task, or for work; who is really gone is found by TCP keepalive.",
    `        proxy_timeout ${options.idleMs}ms;`,
    "        proxy_socket_keepalive on;",
    "        # A client that has said all it has to say (`echo … | nc`) still gets its answers.",
    "        proxy_half_close on;",
    "    }",
    "}",
  ];
  return `${lines.join("\n")}\n`;
}
