import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { RabbitMQAddress } from "../../src/rabbitmq/address.ts";

test("an address has hosts, a user and a virtual host, and usual values for what it leaves out", () => {
  const full = new RabbitMQAddress("amqps://an%40user:pass%2Fword@one:5000,two,[::1]:5001/my%2Fhost");
  assert.equal(full.isSecure, true);
  assert.equal(full.user, "an@user");
  assert.equal(full.password(), "pass/word");
  assert.equal(full.vhost, "my/host");
  assert.deepEqual(full.hosts, [
    { host: "one", port: 5000 },
    { host: "two", port: 5671 },
    { host: "::1", port: 5001 },
  ]);
  const bare = new RabbitMQAddress("amqp://one");
  assert.deepEqual(bare.hosts, [{ host: "one", port: 5672 }]);
  assert.equal(`${bare.user} ${bare.password()} ${bare.vhost}`, "guest guest /");
});

test("the password may come from elsewhere, and from a file it is read each time", (t) => {
  assert.equal(new RabbitMQAddress("amqp://me@one", { password: "secret" }).password(), "secret");
  assert.equal(new RabbitMQAddress("amqp://me:mine@one", { password: "secret" }).password(), "mine");
  const folder = mkdtempSync(join(tmpdir(), "tanda-address-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "first\n");
  const address = new RabbitMQAddress("amqp://me@one", { passwordFile });
  assert.equal(address.password(), "first");
  writeFileSync(passwordFile, "second\n");
  assert.equal(address.password(), "second");
});

test("nothing that shows an address shows its password", () => {
  const address = new RabbitMQAddress("amqp://me:hush-hush@one:1,two:2/v", { password: "hush-too" });
  const shown = [String(address), JSON.stringify(address), inspect(address, { showHidden: true, depth: 9 })];
  assert.ok(!shown.join().includes("hush"), shown.join());
  assert.equal(String(address), "amqp://me@one:1,two:2/v");
});

test("what is no address is refused, without its text", () => {
  const bad = [
    "",
    "http://hush@one",
    "amqp://",
    "amqp://me:hush@",
    "amqp://me:hush@one:99999",
    "amqp://me:hush%@one",
  ];
  for (const url of bad) {
    assert.throws(
      () => new RabbitMQAddress(url),
      (error: Error) =>
        !error.message.includes("hush") && error.message.startsWith("The address of RabbitMQ"),
      url,
    );
  }
});
