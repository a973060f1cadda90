/** What a topology finds on the machine: programs, ports, logs. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { closedTo } from "../../src/up/as-user.ts";
import { cutLog, lastWords } from "../../src/up/log-file.ts";
import { checkPorts, freePorts, isFree } from "../../src/up/ports.ts";
import { findProgram, findPrograms, installHint } from "../../src/up/programs.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "tanda-machine-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("a program is found on the PATH, when it may be run", (t) => {
  const path = folder(t);
  writeFileSync(join(path, "epmd"), "");
  assert.equal(findProgram("epmd", path), null);
  chmodSync(join(path, "epmd"), 0o755);
  assert.equal(findProgram("epmd", `/nowhere:${path}`), join(path, "epmd"));
});

test("all that are missing are named together, with the one command that installs them", () => {
  assert.throws(() => findPrograms(["epmd", "radosgw"], "/nowhere"), {
    code: "unavailable",
    message: "not on this machine: epmd, radosgw",
    hint: "Install with: apt-get install erlang-base radosgw",
  });
  assert.equal(installHint(["nginx"]), "Install with: apt-get install nginx libnginx-mod-stream");
});

test("a port that is taken is named, with whom it was for", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const wanted = [{ name: "node-7", host: "127.0.0.1", port }];
  await assert.rejects(checkPorts(wanted, 0), {
    code: "unavailable",
    message: `port ${port}, for node-7, is taken`,
  });
  const soon = checkPorts(wanted, 10_000);
  server.close();
  await soon;
  const ports = await freePorts(3, Math.random);
  assert.equal(new Set(ports).size, 3);
  for (const free of ports) assert.ok(await isFree("127.0.0.1", free));
  t.diagnostic(ports.join());
});

test("a log that has grown too long is put aside, once, and the last words of one are told", (t) => {
  const log = join(folder(t), "one.log");
  assert.equal(lastWords(log), null);
  writeFileSync(
    log,
    '{"level":30,"msg":"tanda listens"}\n{"level":50,"msg":"no","error":{"message":"disk"}}\n',
  );
  assert.equal(lastWords(log), "no: disk");
  cutLog(log);
  assert.notEqual(statSync(log).size, 0);
  writeFileSync(log, "error: bad_request: --threads is wrong\n\n");
  assert.equal(lastWords(log), "error: bad_request: --threads is wrong");
  writeFileSync(
    log,
    '{"level":30,"msg":"stopped"}\nerror: bad_request: no such file\n--actions FILE: a module.\n',
  );
  assert.equal(lastWords(log), "error: bad_request: no such file", "an error, not the hint behind it");
  truncateSync(log, 17 * 1024 * 1024);
  cutLog(log);
  assert.equal(statSync(log).size, 0);
  assert.match(readFileSync(`${log}.old`, "utf8").slice(0, 60), /error: bad_request/);
});

test("what keeps another user out of a folder is found, also when it lies far above", (t) => {
  const open = folder(t);
  chmodSync(open, 0o755);
  const closed = join(open, "closed");
  const deep = join(closed, "up", "postgres");
  mkdirSync(deep, { recursive: true });
  assert.equal(closedTo("daemon", deep), null);
  chmodSync(closed, 0o600);
  const found = closedTo("daemon", deep);
  chmodSync(closed, 0o700);
  assert.equal(found, closed);
});
