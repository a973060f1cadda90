import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { needs } from "../../scripts/system-programs.ts";
import { haproxyConfig } from "../../src/balancer/haproxy.ts";
import { nginxConfig } from "../../src/balancer/nginx.ts";
import { DEFAULT_BALANCER, readBalancerFlags, type BalancerOptions } from "../../src/balancer/options.ts";
import { runCli } from "../cli/run-cli.ts";
import { freePorts } from "../services/free-ports.ts";
import { createHaproxy, found as haproxy } from "../services/haproxy.ts";
import { createNginx, found as nginx } from "../services/nginx.ts";

const openssl = needs("openssl");
const NODES = [
  { host: "127.0.0.1", port: 9001 },
  { host: "::1", port: 9002 },
  { host: "localhost", port: 9003 },
];
const base: BalancerOptions = { ...DEFAULT_BALANCER, nodes: NODES };

const folder = mkdtempSync(join(tmpdir(), "tanda-cert-"));
const cert = join(folder, "cert.pem");
before(() => {
  if (openssl.skip !== false) return;
  const words =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  execFileSync(openssl.path, [...words.split(" "), "-keyout", `${cert}.key`, "-out", cert], {
    stdio: "pipe",
  });
  // They read it as users of their own.
  for (const path of [folder, cert, `${cert}.key`]) chmodSync(path, 0o755);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Every choice with every other. */
function combinations(): { name: string; options: BalancerOptions }[] {
  const found: { name: string; options: BalancerOptions }[] = [];
  for (const isProxy of [true, false])
    for (const cutsWhenDown of [true, false])
      for (const tls of [null, { cert, key: `${cert}.key` }])
        for (const admin of [null, join(folder, "admin.sock")])
          for (const host of ["127.0.0.1", "0.0.0.0", "::", "::1"])
            for (const nodes of [NODES, NODES.slice(0, 1)]) {
              const name = `${isProxy} ${cutsWhenDown} ${tls !== null} ${admin !== null} ${host} ${nodes.length}`;
              const listen = { host, port: 9000 };
              found.push({ name, options: { ...base, isProxy, cutsWhenDown, tls, admin, listen, nodes } });
            }
  return found;
}

describe("the configuration for HAProxy", { skip: haproxy.skip || openssl.skip }, () => {
  test("every combination of options is one that HAProxy takes, without a warning", async () => {
    await using server = createHaproxy(0, "");
    for (const { name, options } of combinations()) {
      server.write(haproxyConfig(options));
      const said = await server.check();
      assert.match(said, /Configuration file is valid/, name);
      assert.doesNotMatch(said, /WARNING|ALERT/i, name);
    }
  });

  test("one that it does not take is told as such", async () => {
    await using server = createHaproxy(0, haproxyConfig(base).replace("leastconn", "lestconn"));
    await assert.rejects(server.check(), /balance only supports/);
  });
});

describe("the configuration for nginx", { skip: nginx.skip || openssl.skip }, () => {
  test("every combination of options is one that nginx takes, without a warning", async () => {
    await using server = createNginx(0, "");
    for (const { name, options } of combinations()) {
      // Those that only HAProxy has make no difference.
      if (options.cutsWhenDown || options.admin !== null) continue;
      server.write(nginxConfig(options));
      const said = await server.check();
      assert.match(said, /test is successful/, name);
      assert.doesNotMatch(said, /\[(warn|emerg|alert|crit|error)\]/, name);
    }
  });

  test("one that it does not take is told as such", async () => {
    await using server = createNginx(0, nginxConfig(base).replace("least_conn", "lest_conn"));
    await assert.rejects(server.check(), /lest_conn/);
  });
});

test(
  "TLS ends at either of them when they are given a certificate",
  {
    skip: nginx.skip || haproxy.skip || openssl.skip,
  },
  async () => {
    await using node = await startPongs();
    for (const [config, create] of [
      [haproxyConfig, createHaproxy],
      [nginxConfig, createNginx],
    ] as const) {
      const [port] = await freePorts(1);
      const options = { ...base, isProxy: false, nodes: [{ host: "127.0.0.1", port: node.port }] };
      const listen = { host: "127.0.0.1", port: port! };
      await using server = create(port!, config({ ...options, listen, tls: { cert, key: `${cert}.key` } }));
      await server.start();
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connectTls({ host: "127.0.0.1", port: port!, rejectUnauthorized: false }, () =>
          socket.write("PING\n"),
        );
        socket.once("data", (data) => {
          resolve(String(data));
          socket.destroy();
        });
        socket.once("error", reject);
        socket.once("close", () => reject(new Error(`closed: ${server.log}`)));
      });
      assert.equal(answer, "PONG\n");
    }
  },
);

async function startPongs(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write("PONG\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("what a configuration says", () => {
  test("HAProxy asks PING on the nodes' own listeners and sends version 2 of the PROXY header", () => {
    const text = haproxyConfig(base);
    assert.match(text, /tcp-check send "PING\\n"/);
    assert.match(text, /min-recv 5/);
    assert.match(text, /"\^DRAINING" error-status L7OKC/);
    assert.match(text, /send-proxy-v2 check-send-proxy/);
    assert.match(text, /server node2 \[::1\]:9002/);
    assert.doesNotMatch(haproxyConfig({ ...base, isProxy: false }), /send-proxy/);
    assert.doesNotMatch(text, /default-server.*shutdown-sessions/);
    assert.match(haproxyConfig({ ...base, cutsWhenDown: true }), /default-server.*shutdown-sessions/);
  });

  test("nginx tries every node, passes half-closed connections on and sends version 1", () => {
    const text = nginxConfig(base);
    assert.match(text, /proxy_next_upstream_tries 3;/);
    assert.match(text, /proxy_half_close on;/);
    assert.match(text, /proxy_protocol on;/);
    assert.doesNotMatch(nginxConfig({ ...base, isProxy: false }), /proxy_protocol/);
    assert.doesNotMatch(nginxConfig({ ...base, module: null }), /load_module/);
  });

  test("both say how the nodes are to be started, and that others can reach it", () => {
    for (const config of [haproxyConfig, nginxConfig]) {
      const text = config({ ...base, listen: { host: "0.0.0.0", port: 9000 } });
      assert.match(text, /tanda serve --listen 127\.0\.0\.1:9001,proxy/);
      assert.match(text, /give the nodes a token/);
      assert.doesNotMatch(config(base), /give the nodes a token/);
      assert.doesNotMatch(config({ ...base, isProxy: false }), /9001,proxy/);
    }
  });
});

describe("what a balancer is told", () => {
  const read = (kind: "haproxy" | "nginx" | "builtin", given: Record<string, string>): BalancerOptions => {
    const values = new Map(Object.entries(given));
    return readBalancerFlags(kind, (name) => values.get(name));
  };
  const nodes = "127.0.0.1:9001,[::1]:9002,node-3.example:9003";

  test("becomes options, with defaults for the rest", () => {
    const options = read("haproxy", { nodes, listen: "[::]:443", proxy: "off", idle: "2h", check: "500ms" });
    assert.deepEqual(options, {
      ...DEFAULT_BALANCER,
      listen: { host: "::", port: 443 },
      nodes: [
        { host: "127.0.0.1", port: 9001 },
        { host: "::1", port: 9002 },
        { host: "node-3.example", port: 9003 },
      ],
      isProxy: false,
      idleMs: 7_200_000,
      checkMs: 500,
    });
  });

  for (const [kind, given, said] of [
    ["haproxy", {}, /--nodes is missing/],
    ["haproxy", { nodes: "" }, /--nodes: not an address/],
    ["haproxy", { nodes: "127.0.0.1:9001,127.0.0.1:9001" }, /one twice/],
    ["haproxy", { nodes: "127.0.0.1:0" }, /--nodes: not an address/],
    ["haproxy", { nodes: "a;b:9001" }, /--nodes: not an address/],
    ["haproxy", { nodes: "a{}:9001" }, /--nodes: not an address/],
    ["nginx", { nodes: "9001", listen: "9001" }, /it would call itself/],
    ["nginx", { nodes, listen: "*:9000" }, /--listen: not an address/],
    ["nginx", { nodes, proxy: "yes" }, /--proxy is on or off/],
    ["nginx", { nodes, check: "1s" }, /--check means nothing to nginx/],
    ["nginx", { nodes, "tls-cert": "/a.pem" }, /comes with --tls-key/],
    ["nginx", { nodes, "tls-cert": "/a b.pem" }, /full path of a file without spaces/],
    ["nginx", { nodes, module: "x.so;" }, /full path of a file/],
    ["haproxy", { nodes, "tls-key": "/a.key" }, /comes with --tls-cert/],
    ["haproxy", { nodes, "tls-cert": "/a.pem", "tls-key": "/b.key" }, /\/a\.pem\.key, not in \/b\.key/],
    ["haproxy", { nodes, "connect-timeout": "soon" }, /--connect-timeout is not a duration/],
    ["haproxy", { nodes, idle: "1ms" }, /--idle is from 50ms/],
    ["haproxy", { nodes, connections: "0" }, /--connections is a whole number/],
    ["haproxy", { nodes, "when-down": "maybe" }, /--when-down is keep or cut/],
    ["builtin", { nodes, "tls-cert": "/a.pem" }, /--tls-cert means nothing to builtin/],
  ] as const) {
    test(`is refused when it makes no sense: ${kind} ${JSON.stringify(given)}`, () => {
      assert.throws(() => read(kind, given), said);
    });
  }
});

describe("tanda balancer", () => {
  const nodes = ["--nodes", "127.0.0.1:9001,127.0.0.1:9002"];

  test("prints the configuration alone, and as JSON on request", async () => {
    const plain = await runCli(["balancer", "haproxy", ...nodes]);
    assert.deepEqual([plain.code, plain.stderr], [0, ""]);
    assert.equal(
      plain.stdout,
      haproxyConfig(readBalancerFlags("haproxy", (name) => (name === "nodes" ? nodes[1] : undefined))),
    );
    const json = await runCli(["balancer", "nginx", ...nodes, "--json"]);
    const { balancer, config } = JSON.parse(json.stdout) as { balancer: string; config: string };
    assert.equal(balancer, "nginx");
    assert.match(config, /^stream \{$/m);
  });

  test("tells what is wrong, exit code as for every refusal", async () => {
    const kind = await runCli(["balancer", "hproxy", ...nodes]);
    assert.equal(kind.code, 2);
    assert.match(kind.stderr, /unknown balancer hproxy; did you mean haproxy\?/);
    const flag = await runCli(["balancer", "nginx"]);
    assert.notEqual(flag.code, 0);
    assert.match(flag.stderr, /--nodes is missing\n--nodes 127/);
  });
});
