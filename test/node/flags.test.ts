/** Every flag of a node: from the command line, from the environment, and what is said of one that makes no sense. */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { envName, NODE_FLAGS, readNodeFlags } from "../../src/node/flags.ts";
import type { NodeOptions } from "../../src/node/options.ts";
import { TandaError } from "../../src/task/errors.ts";
import { actions, pem, SAMPLES, STORE, WITH } from "./flag-samples.ts";

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

function isRefusal(error: unknown, name: string): boolean {
  assert.ok(error instanceof TandaError, String(error));
  assert.equal(error.code, "bad_request");
  assert.ok(error.message.includes(name), error.message);
  assert.ok((error.hint ?? "").length > 10, `no hint: ${error.message}`);
  return true;
}
