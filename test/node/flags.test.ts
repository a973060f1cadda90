/** Every flag of a node: from the command line, from the environment, and what is said of one that makes no sense. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, test } from "node:test";
import { LIMITS } from "../../src/gateway/limits.ts";
import { envName, NODE_FLAGS, readNodeFlags } from "../../src/node/flags.ts";
import type { NodeOptions } from "../../src/node/options.ts";
import { TandaError } from "../../src/task/errors.ts";
import { runCli } from "../cli/run-cli.ts";

const dir = mkdtempSync(join(tmpdir(), "tanda-flags-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const actions = file("actions.js", "export default {};");
const pem = makePem();

type Sample = {
  /** Two texts that mean different things, neither of them the default. */
  good: readonly [string, string];
  bad: readonly string[];
};

const LIMIT_SAMPLES = {
  bytes: { good: ["3KiB", "5000"], bad: ["much", "-1", "0", "1e3", "99999999TiB"] },
  ms: { good: ["7s", "700"], bad: ["soon", "-1s", "0", "5 weeks"] },
  count: { good: ["17", "1_800"], bad: ["many", "-1", "0", "1.5", "9999999999"] },
} as const satisfies Record<string, Sample>;

const SAMPLES: ReadonlyMap<string, Sample> = new Map<string, Sample>([
  [
    "listen",
    {
      good: ["127.0.0.1:7001", "[::1]:7002 127.0.0.1:7003,proxy"],
      bad: ["nowhere", "127.0.0.1:99999", "1.2.3.4:5,tsl", "1.2.3.4:5,tls,plain"],
    },
  ],
  ["data", { good: [":memory:", join(dir, "other")], bad: [actions, join(actions, "below")] }],
  [
    "blobs",
    {
      good: ["s3://bucket", "s3://bucket/some/where?endpoint=http://127.0.0.1:7480"],
      bad: ["bucket", "s3://", "http://bucket", "s3://key:secret@bucket", "s3://bucket?secret=x"],
    },
  ],
  ["roles", { good: ["gateway", "worker"], bad: ["boss", "gateway,boss", ","] }],
  [
    "store",
    {
      good: ["postgres://app@127.0.0.1:5433/tanda", "postgresql://app@one,two:5433/tanda?schema=other"],
      bad: ["sqlite", "mysql://127.0.0.1/x", "postgres://app@host:99999/x", "postgres://host/x?color=red"],
    },
  ],
  [
    "queue",
    {
      good: ["amqp://app@one:5672,two:5673/tanda", "postgres://app@127.0.0.1/other"],
      bad: ["rabbit", "redis://127.0.0.1", "amqp://", "amqp://host:99999", "postgres://host/x?color=red"],
    },
  ],
  ["allow-default-passwords", { good: ["s3", "postgres,rabbitmq"], bad: ["mysql", "postgres,all"] }],
  ["lease", { good: ["10s", "5000"], bad: ["soon", "10", "2h", "-1s"] }],
  ["blobs-redirect", { good: ["5m", "90000"], bad: ["soon", "0", "8d", "-1s"] }],
  ["actions", { good: [actions, file("more.js", "export default {};")], bad: [join(dir, "none.js"), dir] }],
  ["threads", { good: ["3", "1_000"], bad: ["zero", "0", "1025", "1.5", "-1"] }],
  ["memory", { good: ["64MiB", "1GiB"], bad: ["lots", "1KiB", "0"] }],
  ["token", { good: ["abcdefghijklmnop", "0123456789abcdef"], bad: ["with a space", "with\nline", "señal"] }],
  ["host", { good: ["tanda.example", "a.example:9000,b.example"], bad: ["http://a.example", "a b"] }],
  [
    "origin",
    {
      good: ["https://a.example", "https://a.example,http://b.example:8080"],
      bad: ["a.example", "https://a.example/page"],
    },
  ],
  ["tls-cert", { good: [pem.cert, pem.otherCert], bad: [join(dir, "none.pem"), actions, pem.key] }],
  ["tls-key", { good: [pem.key, pem.otherKey], bad: [join(dir, "none.pem"), actions, pem.cert] }],
  ["require-token", { good: ["yes", "no"], bad: ["maybe", "2"] }],
  ["max-tokens", { good: ["17", "1_800"], bad: ["many", "-1", "0", "1.5", "9999999999"] }],
  ["audit-retention", { good: ["2d", "7200000"], bad: ["never", "-1s", "0", "59m"] }],
  ["node", { good: ["1", "1023"], bad: ["1024", "-1", "one"] }],
  [
    "peers",
    {
      good: ["1=127.0.0.1:9001", "2=[::1]:9002,3=tandas://three.example:9000"],
      bad: [
        "somewhere",
        "0=127.0.0.1:9001",
        "1024=a:9001",
        "1=a:9001,1=b:9001",
        "1=http://a:9001",
        "1=a:9001,",
      ],
    },
  ],
  ["cluster-secret", { good: ["known-to-nodes-alone", "another-secret-of-nodes"], bad: [] }],
  [
    "cluster-secret-file",
    {
      good: [file("secret", "known-to-nodes-alone\n"), file("other-secret", "another-secret-of-nodes")],
      bad: [join(dir, "none"), file("empty-secret", "\n"), dir],
    },
  ],
  ["max-queued", LIMIT_SAMPLES.count],
  ["retention", { good: ["2d", "0"], bad: ["never", "-1s", "20000d"] }],
  ["max-finished", LIMIT_SAMPLES.count],
  ["disk-reserve", { good: ["1GiB", "0"], bad: ["none", "-1"] }],
  ["drain", { good: ["3s", "250"], bad: ["long", "-1s"] }],
  ...Object.values(LIMITS).map(({ flag, unit }): [string, Sample] => [flag, LIMIT_SAMPLES[unit]]),
]);

const STORE = "postgres://app@127.0.0.1/tanda";

/** What comes with it, where one flag alone makes no sense. */
const WITH: ReadonlyMap<string, (text: string) => Record<string, string>> = new Map([
  ["blobs-redirect", (): Record<string, string> => ({ blobs: "s3://bucket" })],
  ["roles", (): Record<string, string> => ({ store: STORE, blobs: "s3://bucket" })],
  ["queue", (): Record<string, string> => ({ store: STORE })],
  [
    "tls-cert",
    (text: string): Record<string, string> => ({
      "tls-key": text === pem.otherCert ? pem.otherKey : pem.key,
    }),
  ],
  [
    "tls-key",
    (text: string): Record<string, string> => ({
      "tls-cert": text === pem.otherKey ? pem.otherCert : pem.cert,
    }),
  ],
]);

function read(flags: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Partial<NodeOptions> {
  const given = new Map(Object.entries(flags));
  return readNodeFlags((name) => given.get(name), env);
}

describe("the flags of a node", () => {
  test("each has samples here", () => {
    assert.deepEqual(NODE_FLAGS.map(({ name }) => name).toSorted(), [...SAMPLES.keys()].toSorted());
    assert.equal(new Set(NODE_FLAGS.map(({ name }) => name)).size, NODE_FLAGS.length);
  });

  for (const [name, { good }] of SAMPLES) {
    test(`--${name} is ${envName(name)} in the environment, and wins over it`, () => {
      const [one, other] = good;
      const more = (text: string): Record<string, string> => WITH.get(name)?.(text) ?? {};
      const byFlag = read({ ...more(one), [name]: one });
      assert.notDeepEqual(byFlag, read({}), "the flag changes nothing");
      assert.deepEqual(read(more(one), { [envName(name)]: one }), byFlag);
      const byOther = read({ ...more(other), [name]: other });
      assert.notDeepEqual(byOther, byFlag);
      assert.deepEqual(read({ ...more(one), [name]: one }, { [envName(name)]: other }), byFlag);
      assert.deepEqual(read({}, { [envName(name)]: "" }), read({}), "an empty variable is none");
    });
  }

  // The folder is looked at when it is opened, which the tests of the command do.
  for (const [name, { bad }] of [...SAMPLES].filter(([name]) => name !== "data")) {
    test(`--${name} says what is wrong with it, wherever it came from`, () => {
      for (const text of [...bad, "", "  "]) {
        assert.throws(
          () => read({ [name]: text }),
          (error: unknown) => isRefusal(error, `--${name}`),
          JSON.stringify(text),
        );
        if (text === "") continue;
        assert.throws(
          () => read({}, { [envName(name)]: text }),
          (error: unknown) => isRefusal(error, `--${name}`) && isRefusal(error, envName(name)),
          JSON.stringify(text),
        );
      }
    });
  }

  test("a certificate without its key is refused, and so is one with another's", () => {
    assert.throws(() => read({ "tls-cert": pem.cert }), /--tls-cert and --tls-key come together/);
    assert.throws(() => read({ "tls-key": pem.key }), /--tls-cert and --tls-key come together/);
    assert.throws(
      () => read({ "tls-cert": pem.cert, "tls-key": pem.otherKey }),
      /not that of the certificate/,
    );
  });

  test("links to a bucket are refused where there is none", () => {
    assert.throws(() => read({ "blobs-redirect": "5m" }), /--blobs-redirect needs --blobs s3:/);
  });

  test("what nodes share goes together, or is refused with what to write", () => {
    const together = (flags: Record<string, string>, refusal: RegExp): void =>
      assert.throws(() => read(flags), refusal, JSON.stringify(flags));
    together({ queue: "amqp://app@host" }, /--queue needs --store/);
    together({ roles: "gateway" }, /--roles gateway needs --store and --blobs/);
    together({ roles: "worker", store: STORE }, /--roles worker needs --blobs/);
    together({ blobs: "./blobs" }, /with --store a folder/);
    together(
      { store: STORE, node: "1", peers: "2=127.0.0.1:9002" },
      /--peers and --store do not go together/,
    );
    assert.equal(read({ store: STORE, blobs: "./blobs" }).blobs, "./blobs");
    assert.equal(read({ store: STORE }).blobs, undefined, "one that does both may keep its own");
  });

  test("a password on the command line is refused, since all may see it; in the environment it is none of theirs", () => {
    const store = "postgres://app:secret@127.0.0.1/tanda";
    const queue = "amqp://app:secret@127.0.0.1";
    for (const flags of [{ store }, { store: STORE, queue }]) {
      assert.throws(
        () => read(flags),
        (error: unknown) =>
          /has a password in it/.test(String(error)) && !JSON.stringify(error).includes("secret"),
      );
    }
    assert.equal(read({}, { TANDA_STORE: store, TANDA_QUEUE: queue }).queue, queue);
  });

  test("actions that are not there are told in words, with the whole path", () => {
    for (const missing of ["nope.ts", join(actions, "nope.ts")]) {
      const told = `--actions: there is no such file: ${resolve(missing)}`;
      assert.throws(() => read({ actions: missing }), { code: "bad_request", message: told });
    }
  });

  test("a worker alone lets nobody in, unless it is told where to listen", () => {
    const worker = { roles: "worker", store: STORE, blobs: "s3://bucket" };
    assert.deepEqual(read(worker).listen, []);
    assert.equal(read({ ...worker, listen: "127.0.0.1:7001" }).listen?.length, 1);
    assert.equal(read({ ...worker, roles: "gateway" }).listen?.length, 1);
  });

  test("without any, a node listens on loopback, port 9000, and has no token", () => {
    const options = read({});
    assert.deepEqual(options.listen, [{ host: "127.0.0.1", port: 9000, proxy: false }]);
    assert.equal(options.token, undefined);
  });
});

describe("tanda serve with a flag that makes no sense", { concurrency: 2 }, () => {
  test("takes no secret of a cluster on the command line, where `ps` would show it", async () => {
    const ran = await runCli(["serve", "--cluster-secret=known-to-the-nodes-alone"]);
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^error: unknown flag --cluster-secret; did you mean --cluster-secret-file\?/);
  });

  for (const [name, { bad }] of SAMPLES) {
    // A switch has no value to be wrong but in the environment.
    if (bad.length === 0 || NODE_FLAGS.find((flag) => flag.name === name)?.value === undefined) continue;
    test(`ends with 2 for --${name}, names it and says what to write`, async () => {
      const ran = await runCli([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        ":memory:",
        `--${name}=${bad[0]!}`,
      ]);
      assert.equal(ran.code, 2, ran.stdout + ran.stderr);
      assert.equal(ran.stdout, "");
      const [said, hint, ...rest] = ran.stderr.trimEnd().split("\n");
      assert.match(
        said!,
        new RegExp(`^error: bad_request: .*--${name}|^error: bad_request: The data folder`),
      );
      assert.ok(hint!.length > 10 && rest.length === 0, ran.stderr);
      if (name === "data") assert.match(hint!, /--data/);
    });
  }

  test("tells it as JSON with --json", async () => {
    const ran = await runCli(["serve", "--json", "--threads", "none"]);
    assert.equal(ran.code, 2);
    const { status, error } = JSON.parse(ran.stdout) as { status: string; error: Record<string, string> };
    assert.deepEqual([status, error["code"]], ["failed", "bad_request"]);
    assert.match(error["message"]!, /--threads/);
    assert.ok(error["hint"]);
  });

  test("says which one was meant when it knows none of that name", async () => {
    for (const [typed, meant] of [
      ["--thread=3", "--threads"],
      ["--maxqueued=3", "--max-queued"],
      ["--lisen=9000", "--listen"],
    ] as const) {
      const ran = await runCli(["serve", typed]);
      assert.equal(ran.code, 2);
      assert.match(ran.stderr, new RegExp(`unknown flag ${typed.split("=")[0]}; did you mean ${meant}\\?`));
    }
    assert.match((await runCli(["serve", "--zzzzzz"])).stderr, /unknown flag --zzzzzz\n/);
  });

  test("refuses an unknown log level, from a flag and from the environment, and --watch without a file", async () => {
    const levels = /--log-level is one of debug, info, warn, error, silent, not "loud"/;
    assert.match((await runCli(["serve", "--log-level", "loud"])).stderr, levels);
    const byEnv = await runCli(["serve"], { env: { TANDA_LOG_LEVEL: "loud" } });
    assert.deepEqual([byEnv.code, levels.test(byEnv.stderr)], [2, true]);
    const watching = await runCli(["serve", "--watch"]);
    assert.equal(watching.code, 2);
    assert.match(watching.stderr, /--watch needs --actions FILE/);
  });
});

function isRefusal(error: unknown, name: string): boolean {
  assert.ok(error instanceof TandaError, String(error));
  assert.equal(error.code, "bad_request");
  assert.ok(error.message.includes(name), error.message);
  assert.ok((error.hint ?? "").length > 10, `no hint: ${error.message}`);
  return true;
}

/** Two certificates with their keys, as files. */
function makePem(): { cert: string; key: string; otherCert: string; otherKey: string } {
  const make = (name: string): [cert: string, key: string] => {
    const [cert, key] = [join(dir, `${name}-cert.pem`), join(dir, `${name}-key.pem`)];
    const subject = ["-subj", "/CN=localhost", "-days", "1", "-keyout", key, "-out", cert];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", ["req", "-x509", ...curve, ...subject], { stdio: "ignore" });
    return [cert, key];
  };
  const [cert, key] = make("one");
  const [otherCert, otherKey] = make("other");
  return { cert, key, otherCert, otherKey };
}
