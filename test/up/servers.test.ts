/** What servers of our own are told; that they run with it, test/e2e/up-full.test.ts tries. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { postgresPlan, postgresUrl } from "../../src/up/servers/postgres.ts";
import { rabbitmqPlan, rabbitmqUrl } from "../../src/up/servers/rabbitmq.ts";
import { readSecrets } from "../../src/up/servers/secrets-file.ts";

test("secrets are made once, kept where only their owner reads them, and a port that was taken meanwhile is another", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tanda-secrets-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "servers.json");
  const made = await readSecrets(file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(made.password.length >= 20);
  assert.deepEqual(await readSecrets(file), made);
  const server = createServer().listen(made.ports.postgres, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const again = await readSecrets(file);
  assert.notEqual(again.ports.postgres, (server.address() as AddressInfo).port);
  assert.deepEqual({ ...again, ports: { ...again.ports, postgres: made.ports.postgres } }, made);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), again);
});

test("no password is in a command line, and all listen on loopback only", () => {
  const common = { folder: "/data/x", logFile: "/data/x.log", password: "hush-hush", env: { PATH: "/bin" } };
  const postgres = { ...common, program: "/pg/postgres", port: 5001 };
  const rabbitmq = {
    ...common,
    program: "/mq/rabbitmq-server",
    port: 5002,
    epmdPort: 5003,
    erlangPort: 5004,
    cookie: "COOKIE",
  };
  for (const plan of [postgresPlan(postgres), rabbitmqPlan(rabbitmq)]) {
    const { program, args } = plan.command();
    assert.doesNotMatch([program, ...args].join(" "), /hush|COOKIE/);
  }
  assert.ok(postgresPlan(postgres).command().args.includes("listen_addresses=127.0.0.1"));
  assert.equal(postgresUrl(postgres), "postgres://tanda:hush-hush@127.0.0.1:5001/postgres");
  assert.equal(rabbitmqUrl(rabbitmq), "amqp://tanda:hush-hush@127.0.0.1:5002");
});
