import { formatAddress } from "../gateway/listen.ts";
import type { BalancerOptions } from "./options.ts";
import { preface } from "./preface.ts";

/** A whole haproxy.cfg, for HAProxy 2.4 and later. */
export function haproxyConfig(options: BalancerOptions): string {
  const { listen, nodes, tls, admin } = options;
  const lines = [
    ...preface(options, [
      "Check it:   haproxy -c -f FILE        Run it:   haproxy -W -f FILE        (-W: a master that can reload)",
      "Reload it:  kill -USR2 MASTER (systemctl reload haproxy). Connections that are there stay with the old process until they end.",
    ]),
    "",
    "global",
    `    maxconn ${options.connections}`,
    "    # One line per connection, with the node it went to.",
    "    log stdout format raw local0 info",
    ...(admin === null
      ? []
      : [
          "    # By hand: echo 'show stat' | socat - FILE;  echo 'set server nodes/node1 state drain' | socat - FILE",
          `    stats socket ${admin} mode 600 level admin expose-fd listeners`,
        ]),
    "",
    "defaults",
    "    mode tcp",
    "    log global",
    "    option tcplog",
    "    # Probes that open and close without a word are not worth a line.",
    "    option dontlognull",
    `    timeout connect ${options.connectMs}ms`,
    "    # A client may wait in silence for a long task, or for work; who is really gone is found by TCP keepalive.",
    `    timeout client ${options.idleMs}ms`,
    `    timeout server ${options.idleMs}ms`,
    "    option clitcpka",
    "    clitcpka-idle 60s",
    "    clitcpka-intvl 10s",
    "    clitcpka-cnt 6",
    "    option srvtcpka",
    "    srvtcpka-idle 60s",
    "    srvtcpka-intvl 10s",
    "    srvtcpka-cnt 6",
    "    # A node that does not take the connection: try another at once. Nothing was sent yet, so nothing is repeated.",
    `    retries ${Math.max(2, nodes.length)}`,
    "    option redispatch 1",
    "",
    "frontend tanda",
    `    bind ${bindAddress(options)} backlog 4096${tls ? ` ssl crt ${tls.cert} alpn http/1.1` : ""}`,
    ...(tls ? [] : ["    # TLS, when the nodes speak it, passes through as it is."]),
    "    # One address cannot take all the room.",
    `    stick-table type ${listen.host.includes(":") ? "ipv6" : "ip"} size 100k expire 1m store conn_cur`,
    "    tcp-request connection track-sc0 src",
    `    tcp-request connection reject if { sc0_conn_cur gt ${options.addressConnections} }`,
    "    default_backend nodes",
    "",
    "backend nodes",
    "    # Connections are long and unlike: the node with the fewest gets the next.",
    "    balance leastconn",
    "    # A node says PONG after a round trip through its queue and store, so a process that hangs is found too.",
    "    option tcp-check",
    "    # default: as the server lines say, so with a PROXY header where they have one.",
    "    tcp-check connect default",
    '    tcp-check send "PING\\n"',
    "    # min-recv: a wrong answer counts at once, instead of at the end of `timeout check`.",
    '    tcp-check expect min-recv 5 rstring "^(PONG|DRAINING)"',
    "    # DRAINING is no failure: nothing new is sent there, and what is there goes on.",
    '    tcp-check expect min-recv 5 ! rstring "^DRAINING" error-status L7OKC',
    `    timeout check ${options.checkMs}ms`,
    ...whenDown(options.cutsWhenDown),
    "    default-server check " + serverWords(options).join(" "),
    ...nodes.map((node, index) => `    server node${index + 1} ${formatAddress(node)}`),
  ];
  return `${lines.join("\n")}\n`;
}

function bindAddress({ listen }: BalancerOptions): string {
  return `${formatAddress(listen)}${listen.host === "::" ? " v4v6" : ""}`;
}

function whenDown(cuts: boolean): string[] {
  return cuts
    ? [
        "    # Who is connected to a node that fails its checks is cut off, and comes to another. A node that drains does not fail them: it",
        "    # says DRAINING until its last answer is out.",
      ]
    : [
        "    # Who is connected to a node that fails its checks stays: it may still answer.",
        "    # Of a node that hangs, the SDK takes leave by itself (deadAfter). `on-marked-down shutdown-sessions` would cut both.",
      ];
}

function serverWords({ checkMs, isProxy, cutsWhenDown }: BalancerOptions): string[] {
  const fastMs = Math.max(50, Math.round(checkMs / 4));
  return [
    // Out after two failures, back after two successes; the second is asked for soon.
    `inter ${checkMs}ms fastinter ${fastMs}ms downinter ${checkMs}ms fall 2 rise 2`,
    // A node that has just come back has no connections: without this it would get all the new ones.
    "slowstart 5s",
    ...(isProxy ? ["send-proxy-v2 check-send-proxy"] : []),
    ...(cutsWhenDown ? ["on-marked-down shutdown-sessions"] : []),
  ];
}
