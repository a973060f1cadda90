/** Hazard 10: default credentials. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { checkDefaultPasswords } from "../../src/node/default-passwords.ts";
import type { NodeOptions } from "../../src/node/options.ts";
import { startNode } from "../../src/node/start-node.ts";
import { runCli } from "../cli/run-cli.ts";

const STRONG = "b7d1c2f0a94e4d5d8a3f";
const NO_KEYS = { AWS_SHARED_CREDENTIALS_FILE: "/nowhere" };

function check(options: Partial<NodeOptions>, env: NodeJS.ProcessEnv = {}): void {
  checkDefaultPasswords(
    { store: null, queue: null, blobs: null, allowDefaultPasswords: [], ...options },
    { ...NO_KEYS, ...env },
  );
}

describe("hazard 10: default credentials of servers on other machines", () => {
  const folder = mkdtempSync(join(tmpdir(), "tanda-passwords-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test("PostgreSQL is refused without a password, with its user's name, and with one that everybody knows", () => {
    for (const [url, why] of [
      ["postgres://app@db.example/tanda", /no password/],
      ["postgres://app:@db.example/tanda", /no password/],
      ["postgres://app:app@db.example/tanda", /its user's name/],
      ["postgres://postgres:postgres@10.0.0.1/tanda", /its user's name/],
      ["postgres://app:Password@10.0.0.1/tanda", /everybody knows/],
      ["postgres://app:mysecretpassword@127.0.0.1,10.0.0.1/tanda", /10\.0\.0\.1 .*everybody knows/],
      [`postgres://app@10.0.0.1/tanda?passwordFile=${file("pg", "postgres\n")}`, /everybody knows/],
    ] as const) {
      const told = { code: "bad_request", message: why, hint: /--allow-default-passwords postgres/ };
      assert.throws(() => check({ store: url }), told, url);
      assert.throws(() => check({ store: `postgres://a:${STRONG}@h/d`, queue: url }), told, url);
      check({ store: url, allowDefaultPasswords: ["postgres"] });
    }
    assert.throws(
      () => check({ store: "postgres://app@db.example/x" }, { PGPASSWORD: "changeme" }),
      /everybody/,
    );
    check({ store: "postgres://app@db.example/x" }, { PGPASSWORD: STRONG });
    check({ store: `postgres://app:${STRONG}@db.example/x` });
  });

  test("RabbitMQ is refused with guest, also when nothing was said of a password", () => {
    const store = `postgres://app:${STRONG}@db.example/x`;
    for (const queue of [
      "amqp://mq.example",
      "amqp://guest:guest@mq.example",
      "amqps://app:app@mq.example",
      "amqp://app@mq.example",
    ])
      assert.throws(() => check({ store, queue }), { message: /^RabbitMQ at mq\.example/ }, queue);
    const named = { store, queue: "amqp://app@mq.example" };
    assert.throws(() => check(named, { TANDA_QUEUE_PASSWORD: "rabbitmq" }), /everybody knows/);
    assert.throws(
      () => check(named, { TANDA_QUEUE_PASSWORD_FILE: file("mq", "secret\n") }),
      /everybody knows/,
    );
    check(named, { TANDA_QUEUE_PASSWORD: STRONG });
    check({ ...named, allowDefaultPasswords: ["rabbitmq"] });
    assert.throws(() => check({ ...named, allowDefaultPasswords: ["postgres", "s3"] }), /RabbitMQ/);
  });

  test("a bucket's server is refused with the keys of its manual, from variables or a profile", () => {
    const blobs = "s3://bucket?endpoint=http://minio.example:9000";
    const keys = (id: string, secret: string): NodeJS.ProcessEnv => ({
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: secret,
    });
    for (const [id, secret] of [
      ["minioadmin", "minioadmin"],
      ["admin", "minio123"],
      ["accessKey1", "verySecretKey1"],
      ["test", "test"],
      ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    ] as const)
      assert.throws(() => check({ blobs }, keys(id, secret)), {
        message: /^The bucket's server at minio\.example/,
      });
    const profiles = file(
      "credentials",
      `[default]\naws_access_key_id = a\naws_secret_access_key = ${STRONG}\n[weak]\naws_access_key_id=minioadmin\naws_secret_access_key=minioadmin\n`,
    );
    check({ blobs }, { AWS_SHARED_CREDENTIALS_FILE: profiles });
    const weak = { AWS_SHARED_CREDENTIALS_FILE: profiles, AWS_PROFILE: "weak" };
    assert.throws(() => check({ blobs }, weak), /user's name/);
    check({ blobs, allowDefaultPasswords: ["s3"] }, weak);
    check({ blobs }, keys("tanda", STRONG));
    check({ blobs });
  });

  test("on this machine any password will do", () => {
    for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
      check({ store: `postgres://postgres@${host}/x`, queue: `amqp://${host}` });
      const env = { AWS_ACCESS_KEY_ID: "minioadmin", AWS_SECRET_ACCESS_KEY: "minioadmin" };
      check({ blobs: `s3://bucket?endpoint=http://${host}:9000` }, env);
    }
  });

  test("a node does not start with one, in the library or on the command line, and the password is not told", async () => {
    const store = "postgres://postgres:letmein@192.0.2.1/tanda";
    await assert.rejects(startNode({ store, blobs: "s3://bucket" }), (error: Error & { hint?: string }) => {
      assert.match(error.message, /^PostgreSQL at 192\.0\.2\.1 /);
      return !`${error.message} ${error.hint}`.includes("letmein");
    });
    const ran = await runCli(["serve", "--blobs", "s3://bucket"], { env: { TANDA_STORE: store } });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^error: bad_request: PostgreSQL at 192\.0\.2\.1 .*\nGive it one by chance/);
    assert.ok(!ran.stderr.includes("letmein"));
  });
});
