/** What each flag of a node may say, what it may not, and what has to come with it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { LIMITS } from "../../src/gateway/limits.ts";

const dir = mkdtempSync(join(tmpdir(), "tanda-flags-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
export const actions = file("actions.js", "export default {};");
export const pem = makePem();

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

export const SAMPLES: ReadonlyMap<string, Sample> = new Map<string, Sample>([
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

export const STORE = "postgres://app@127.0.0.1/tanda";

/** What comes with it, where one flag alone makes no sense. */
export const WITH: ReadonlyMap<string, (text: string) => Record<string, string>> = new Map([
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
