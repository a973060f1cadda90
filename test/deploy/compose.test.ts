/** The two compose files, their secrets and HAProxy's configuration. No Docker is asked. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { haproxyConfig } from "../../src/balancer/haproxy.ts";
import { readBalancerFlags } from "../../src/balancer/options.ts";
import { checkListen } from "../../src/gateway/listen.ts";
import { DEFAULT_OPTIONS } from "../../src/node/options.ts";
import { parseDuration } from "../../src/task/duration.ts";
import { checkServers, DEPLOY, ownPackage, readYaml, secretFiles, tellNode, type Env } from "./told.ts";

type Service = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Env;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly networks?: readonly string[] | Record<string, { readonly ipv4_address?: string }>;
  readonly depends_on?: Record<string, { readonly condition: string }>;
  readonly healthcheck?: { readonly disable?: boolean };
  readonly stop_grace_period?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly deploy?: { readonly resources: { readonly limits: Record<string, unknown> } };
};
type Compose = {
  readonly services: Record<string, Service>;
  readonly secrets: Record<string, { readonly file: string }>;
  readonly volumes?: Record<string, unknown>;
  readonly networks?: Record<string, unknown>;
};

const FILES = ["compose.yaml", "compose.distributed.yaml"];
const haproxy = needs("haproxy");

/** Defaults of `${NAME:-default}`; Compose's `$$` is one. */
function filled(env: Env = {}): Env {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [
      name,
      text.replace(/\$\{\w+:-([^}]*)\}/g, "$1").replaceAll("$$", "$"),
    ]),
  );
}
const isOurs = ({ image }: Service): boolean => image.startsWith("tanda:");
const serves = (service: Service): boolean => isOurs(service) && service.command?.[0] === "serve";
const namesOf = (networks: Service["networks"]): readonly string[] =>
  networks === undefined ? [] : Array.isArray(networks) ? (networks as string[]) : Object.keys(networks);

for (const file of FILES) {
  const compose = readYaml(file) as Compose;
  const services = Object.entries(compose.services);

  describe(file, () => {
    test("publishes on this machine's loopback only", () => {
      const published = services.flatMap(([, { ports = [] }]) => ports);
      assert.equal(published.length, 1);
      for (const port of published) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
    });

    test("pins every image to a version, Tanda's to this one", () => {
      for (const [name, { image }] of services) assert.match(image, /^[\w/.-]+:\d+\.\d+(\.\d+)?$/, name);
      const ours = new Set(services.filter(([, one]) => isOurs(one)).map(([, { image }]) => image));
      assert.deepEqual([...ours], [`tanda:${ownPackage.version}`]);
    });

    test("tells each node what it knows, the token from a secret, and gives it longer to end than it drains", () => {
      const nodes = services.filter(([, service]) => serves(service));
      assert.ok(nodes.length > 0);
      for (const [name, service] of nodes) {
        // What the image says is changed by what the file says.
        const env: Env = { TANDA_LISTEN: "0.0.0.0:9000", ...filled(service.environment) };
        const { drainMs = DEFAULT_OPTIONS.drainMs } = tellNode(env);
        assert.ok(env["TANDA_TOKEN_FILE"], name);
        assert.ok(parseDuration(service.stop_grace_period!, "") >= drainMs + 10_000, name);
      }
    });

    test("every secret that a service reads is mounted there, and none is in its environment", () => {
      for (const [name, service] of services) {
        const env = filled(service.environment);
        checkServers(env);
        const mounted = (service.secrets ?? []).map((one) =>
          typeof one === "string" ? `/run/secrets/${one}` : one.target,
        );
        for (const path of secretFiles(env)) assert.ok(mounted.includes(path), `${name} reads ${path}`);
      }
    });

    test("names no secret, volume, network or service that it does not declare", () => {
      for (const [name, service] of services) {
        for (const one of service.secrets ?? []) {
          const source = typeof one === "string" ? one : one.source;
          assert.ok(source in compose.secrets, `${name}: ${source}`);
        }
        for (const volume of service.volumes ?? []) {
          const [source] = volume.split(":");
          if (source!.startsWith("./")) assert.ok(existsSync(join(DEPLOY, source!)), `${name}: ${volume}`);
          else assert.ok(Object.hasOwn(compose.volumes ?? {}, source!), `${name}: ${volume}`);
        }
        for (const network of namesOf(service.networks))
          assert.ok(network in (compose.networks ?? {}), network);
        for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
          const isJob = compose.services[other]!.healthcheck?.disable === true;
          assert.equal(condition, isJob ? "service_completed_successfully" : "service_healthy", other);
        }
      }
    });

    test("nothing runs without limits, and Tanda runs without rights and on a root that it cannot write", () => {
      for (const [name, service] of services) {
        const { limits } = service.deploy!.resources;
        assert.deepEqual(Object.keys(limits).sort(), ["cpus", "memory", "pids"], name);
        assert.equal(service.user, undefined, "the images' own users are not root");
        if (!isOurs(service)) continue;
        assert.equal(service.read_only, true, name);
        assert.deepEqual(service.cap_drop, ["ALL"], name);
        assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
      }
    });
  });
}

describe("the whole drawing", () => {
  const { services } = readYaml("compose.distributed.yaml") as Compose;
  const nodes = Object.entries(services).filter(([, service]) => serves(service));

  test("every box is there, with gateways and workers of different numbers", () => {
    const roles = nodes.map(([, { environment }]) => environment!["TANDA_ROLES"]);
    assert.deepEqual(
      roles.sort((a, b) => a!.localeCompare(b!)),
      ["gateway", "gateway", "worker", "worker"],
    );
    assert.equal(new Set(nodes.map(([, { environment }]) => environment!["TANDA_NODE"])).size, nodes.length);
    for (const name of ["haproxy", "rabbitmq", "postgres", "s3", "migrate", "bucket"])
      assert.ok(services[name], name);
  });

  test("what stores and queues cannot be reached from where clients are", () => {
    for (const name of ["rabbitmq", "postgres", "s3"]) {
      assert.deepEqual(namesOf(services[name]!.networks), ["back"]);
      assert.equal(services[name]!.ports, undefined);
    }
    assert.deepEqual(namesOf(services["haproxy"]!.networks), ["front"]);
  });

  test("haproxy.cfg is what `tanda balancer` prints for its gateways", () => {
    const gateways = nodes.filter(([, { environment }]) => environment!["TANDA_ROLES"] === "gateway");
    const addresses = gateways.map(([, { networks, environment }]) => {
      const { listen } = tellNode(filled(environment));
      const { front } = networks as Record<string, { ipv4_address?: string }>;
      return `${front!.ipv4_address}:${listen.find(({ proxy }) => proxy)!.port}`;
    });
    const flags = new Map([
      ["listen", "0.0.0.0:9000"],
      ["nodes", addresses.join(",")],
    ]);
    const told = `tanda balancer haproxy --listen 0.0.0.0:9000 --nodes ${addresses.join(",")}`;
    assert.ok(
      readFileSync(join(DEPLOY, "compose.distributed.yaml"), "utf8").includes(`# Made by: ${told}\n`),
    );
    assert.equal(
      readFileSync(join(DEPLOY, "haproxy.cfg"), "utf8"),
      haproxyConfig(readBalancerFlags("haproxy", (name) => flags.get(name))),
      `make it anew: ${told} > deploy/haproxy.cfg`,
    );
  });

  test("HAProxy takes it", { skip: haproxy.skip }, () => {
    const { status, stderr } = spawnSync(haproxy.path, ["-c", "-f", join(DEPLOY, "haproxy.cfg")], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
  });
});

describe("make-secrets.sh", () => {
  const make = (t: TestContext): string => {
    const folder = mkdtempSync(join(tmpdir(), "tanda-secrets-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return join(folder, "secrets");
  };
  const run = (folder: string): void => {
    const { status, stderr } = spawnSync("sh", [join(DEPLOY, "make-secrets.sh"), folder], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
  };
  const read = (folder: string): Map<string, string> =>
    new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

  test("makes every file that the compose files name, for the owner of the folder alone", (t) => {
    const folder = make(t);
    run(folder);
    const named = FILES.flatMap((file) => Object.values((readYaml(file) as Compose).secrets));
    for (const { file } of named) {
      assert.match(file, /^\.\/secrets\//);
      assert.ok(existsSync(join(folder, basename(file))), file);
    }
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    const ignored = readFileSync(join(DEPLOY, "../.gitignore"), "utf8").split("\n");
    assert.ok(ignored.includes("deploy/secrets/"));
  });

  test("its secrets are good, fit together, and differ from time to time", (t) => {
    const [one, other] = [make(t), make(t)];
    run(one);
    run(other);
    const made = read(one);
    checkListen([{ host: "0.0.0.0", port: 9000, proxy: false }], made.get("token")!);
    assert.ok(made.get("rabbitmq.conf")!.includes(`default_pass = ${made.get("rabbitmq-password")}\n`));
    const { identities } = JSON.parse(made.get("s3-identities.json")!) as {
      identities: { credentials: { accessKey: string; secretKey: string }[] }[];
    };
    const { accessKey, secretKey } = identities[0]!.credentials[0]!;
    assert.ok(
      made
        .get("s3-credentials")!
        .includes(`aws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`),
    );
    for (const [name, text] of read(other)) assert.notEqual(text, made.get(name), name);
  });

  test("leaves what is there", (t) => {
    const folder = make(t);
    run(folder);
    const before = read(folder);
    run(folder);
    assert.deepEqual(read(folder), before);
  });
});
