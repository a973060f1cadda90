import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { needs } from "../../scripts/system-programs.ts";
import { parsePostgresUrl, placesOf } from "../../src/postgres/address.ts";
import type { TandaError } from "../../src/task/errors.ts";
import { FaultProxy } from "../services/fault-proxy.ts";
import { Postgres } from "../services/postgres.ts";
import { insist } from "./insist.ts";
import { newSchemaUrl, openAt } from "./open-postgres.ts";
import { claim, newSpec, ride, submit } from "./sample-events.ts";
import type { ClaimEvent } from "../../src/store/shared-store.ts";

const GIVEN_UP_MS = 35_000;

async function refusalOf(url: string): Promise<TandaError> {
  try {
    await (await openAt(url)).close();
  } catch (error) {
    return error as TandaError;
  }
  throw new Error(`It opened: ${url}`);
}

describe("PostgreSQL that cannot be had", { skip: needs("postgres").skip, concurrency: true }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  test("a server that is not heard any more: every call ends as unavailable, it comes back by itself, and closing ends", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    const store = await openAt(newSchemaUrl(postgres.urlAt(proxy.port)));
    const [waiting, other] = [newSpec(), newSpec()];
    await Promise.all([store.apply([submit(waiting)]), store.get([waiting.id]), store.counts()]);
    await proxy.set("blackhole");
    const calls = [
      store.apply([ride(other)]),
      store.apply([submit(newSpec({ key: "keyed" }))]),
      store.claim([claim(waiting.id, 1) as ClaimEvent], "worker", 60_000),
      store.get([waiting.id]),
      store.counts(),
      store.probe(),
      store.beat("node", {}, 1000),
    ];
    const ends = await Promise.race([Promise.allSettled(calls), delay(GIVEN_UP_MS, null, { ref: false })]);
    assert.ok(ends !== null, "calls wait for ever");
    for (const end of ends) {
      assert.equal(end.status, "rejected");
      assert.equal((end.reason as TandaError).code, "unavailable", inspect(end.reason));
      assert.ok((end.reason as TandaError).retryAfterMs! > 0);
    }
    await proxy.set("pass");
    assert.equal((await insist(() => store.apply([ride(other)])))[0]!.verdict, "applied");
    // Reading has connections of its own.
    const rows = await insist(() => store.get([waiting.id, other.id]));
    assert.deepEqual(
      rows.map((task) => task?.state),
      ["queued", "done"],
    );
    await proxy.set("blackhole");
    await store.close();
  });

  test("a wrong password is told with what to do, and without a word of it", async () => {
    await postgres.query("create role careful login password 'right-horse'");
    await postgres.query("grant all on database postgres to careful");
    const rules = join(postgres.folder, "data", "pg_hba.conf");
    writeFileSync(rules, `host all careful 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, "utf8")}`);
    await postgres.query("select pg_reload_conf()");
    const url = (password: string): string =>
      newSchemaUrl(postgres.url.replace("app@", `careful${password}@`));
    // The server reads its rules in its own time.
    let refusal: TandaError;
    do refusal = await refusalOf(url(":wrong-horse"));
    while (refusal.hint === undefined);
    assert.equal(refusal.code, "unavailable");
    assert.match(refusal.message, /password authentication failed/);
    assert.match(refusal.hint, /PGPASSWORD/);
    assert.doesNotMatch(inspect(refusal, { depth: 20, showHidden: true }), /wrong-horse/);
    assert.match((await refusalOf(url(""))).message, /password/);
    await (await openAt(url(":right-horse"))).close();
    const lost = postgres.url.replace("/postgres", "/nowhere");
    assert.match((await refusalOf(lost)).hint!, /Create the database/);
  });

  test("a password is nowhere to be seen: not in errors, not in what is printed", async () => {
    const secret = "s3cret-horse";
    const url = `postgres://nobody:${secret}@127.0.0.1:${postgres.port}/no-such-database`;
    await assert.rejects(openAt(url), (error: Error) => {
      assert.equal((error as TandaError).code, "unavailable");
      assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), new RegExp(secret));
      return true;
    });
    for (const bad of [
      `postgres://u:${secret}@h:1:2/x`,
      `postgres://u:${secret}@h/x?sslmode=maybe`,
      `pg:${secret}`,
    ]) {
      assert.throws(
        () => parsePostgresUrl(bad, {}),
        (error: Error) => !inspect(error).includes(secret) && /cannot be read/.test(error.message),
      );
    }
    const address = parsePostgresUrl(url, {});
    assert.equal(address.password(), secret);
    assert.doesNotMatch(inspect(address, { depth: 9 }) + JSON.stringify(address), new RegExp(secret));
    assert.equal(placesOf(address), `postgres://127.0.0.1:${postgres.port}/no-such-database`);
  });

  test("TLS: asked of a server without it, without looking, and looking at whose it is", async () => {
    const at = (mode: string, host = "127.0.0.1"): string =>
      `${newSchemaUrl(postgres.url.replace("127.0.0.1", host))}&sslmode=${mode}`;
    const plain = await refusalOf(at("require"));
    assert.equal(plain.code, "unavailable");
    assert.match(plain.message, /does not support SSL/);
    assert.match(plain.hint!, /postgresql\.conf/);

    const [key, cert] = [join(postgres.folder, "key.pem"), join(postgres.folder, "cert.pem")];
    const subject = ["-days", "1", "-subj", "/CN=store", "-addext", "subjectAltName=IP:127.0.0.1"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync(
      needs("openssl").path,
      ["req", "-x509", ...curve, "-keyout", key, "-out", cert, ...subject],
      { stdio: "ignore" },
    );
    const { uid, gid } = statSync(join(postgres.folder, "data"));
    chownSync(key, uid, gid);
    chmodSync(key, 0o600);
    for (const setting of [`ssl_cert_file = '${cert}'`, `ssl_key_file = '${key}'`, "ssl = on"])
      await postgres.query(`alter system set ${setting}`);
    await postgres.query("select pg_reload_conf()");

    let unknown: TandaError;
    do unknown = await refusalOf(at("verify-full"));
    while (/does not support SSL/.test(unknown.message));
    assert.match(unknown.message, /self-signed certificate/);
    assert.match(unknown.hint!, /sslrootcert/);
    const another = await refusalOf(`${at("verify-full", "localhost")}&sslrootcert=${cert}`);
    assert.match(another.hint!, /as its certificate does/);
    for (const url of [at("require"), `${at("verify-full")}&sslrootcert=${cert}`]) {
      await using store = await openAt(url);
      const spec = newSpec();
      await store.apply([submit(spec)]);
      const [row] = await postgres.query<{ count: number }>(
        `select count(*)::int as count from pg_stat_ssl join pg_stat_activity using (pid)
         where ssl and application_name like 'tanda %'`,
      );
      assert.ok(row!.count > 0, "it is not encrypted");
    }
    assert.throws(() => parsePostgresUrl(`${at("require")}&sslrootcert=${cert}`, {}), {
      code: "bad_request",
      message: /verify-full/,
    });
    assert.throws(() => parsePostgresUrl(`${at("verify-full")}&sslrootcert=/no/such/file`, {}), {
      code: "bad_request",
      message: /\/no\/such\/file/,
    });
  });

  test("a standby is passed over, also when it stands alone; when it is promoted it takes over", async () => {
    await using standby = await postgres.standby();
    await using proxy = await FaultProxy.start(postgres.port);
    const alone = await refusalOf(newSchemaUrl(standby.url));
    assert.equal(alone.code, "unavailable");
    assert.match(alone.message, /is a standby and takes no writes/);
    const url = newSchemaUrl(postgres.urlAt(proxy.port)).replace(
      "127.0.0.1:",
      `127.0.0.1:${standby.port},127.0.0.1:`,
    );
    await using store = await openAt(url);
    const [before, after] = [newSpec(), newSpec()];
    await store.apply([submit(before)]);
    const [{ lsn }] = (await postgres.query<{ lsn: string }>("select pg_current_wal_lsn()::text as lsn")) as [
      { lsn: string },
    ];
    const caughtUp = "select coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) as yes";
    while (!(await standby.query<{ yes: boolean }>(caughtUp, [lsn]))[0]!.yes) await delay(20);
    await proxy.set("refuse");
    // Not waited for: its own statement may be what the replay, that has to end first, waits for.
    await standby.query("select pg_promote(false)");
    for (;;) {
      try {
        assert.equal((await store.apply([ride(after)]))[0]!.verdict, "applied");
        break;
      } catch (error) {
        assert.equal((error as TandaError).code, "unavailable", inspect(error));
        await delay(50);
      }
    }
    const rows = await store.get([before.id, after.id]);
    assert.deepEqual(
      rows.map((task) => task?.state),
      ["queued", "done"],
    );
  });
});
