/** The units: read by systemd itself where it is, and by Tanda. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { DEFAULT_OPTIONS } from "../../src/node/options.ts";
import { DEPLOY, secretFiles, tellNode, type Env } from "./told.ts";

const analyze = needs("systemd-analyze");
const FOLDER = join(DEPLOY, "systemd");
/** How exposed a unit is, in tenths: systemd's own measure, 100 at worst. */
const MOST_EXPOSED = 20;

type Unit = ReadonlyMap<string, readonly string[]>;

function readUnit(name: string): Unit {
  const found = new Map<string, string[]>();
  for (const line of readFileSync(join(FOLDER, name), "utf8").split("\n")) {
    const at = line.indexOf("=");
    if (at < 0 || line.startsWith("#")) continue;
    const key = line.slice(0, at);
    found.set(key, [...(found.get(key) ?? []), line.slice(at + 1)]);
  }
  return found;
}
const one = (unit: Unit, key: string): string => unit.get(key)?.at(-1) ?? "";

/** Variables, as of instance 1: those of the unit, then those of its file. */
function envOf(unit: Unit, fileName: string): Env {
  const lines = readFileSync(join(FOLDER, fileName), "utf8").split("\n");
  const ofFile = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const pairs = [...(unit.get("Environment") ?? []), ...ofFile].map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  return Object.fromEntries(
    pairs.map(([name, text]) => [name, text.replaceAll("%i", "1").replaceAll("%d", "/run/credentials/UNIT")]),
  );
}

const UNITS = new Map([
  ["tanda.service", "tanda.env"],
  ["tanda-gateway@.service", "gateway.env"],
  ["tanda-worker@.service", "worker.env"],
]);

test("the units that are told of here are all there are", () => {
  const all = readdirSync(FOLDER).filter((name) => name.endsWith(".service"));
  assert.deepEqual(all.sort(), [...UNITS.keys()].sort());
});

for (const [name, envFile] of UNITS) {
  const unit = readUnit(name);
  const env = envOf(unit, envFile);

  describe(name, () => {
    test("tells the node what it knows; where it keeps something itself, that is the folder systemd makes for it", () => {
      const { data, store = null } = tellNode(env);
      const folder = one(unit, "StateDirectory");
      assert.equal(folder === "", store !== null);
      if (folder !== "")
        assert.deepEqual([data, one(unit, "WorkingDirectory")], Array(2).fill(`/var/lib/${folder}`));
    });

    test("every secret that it reads comes as a credential", () => {
      const credentials = (unit.get("LoadCredential") ?? []).map((line) => line.split(":")[0]);
      const read = secretFiles(env);
      assert.ok(read.length > 0);
      for (const path of read)
        assert.ok(credentials.includes(path.replace("/run/credentials/UNIT/", "")), path);
      assert.equal(credentials.length, read.length);
    });

    test("SIGTERM goes to the node alone, which has longer to end than it drains", () => {
      assert.equal(one(unit, "KillMode"), "mixed");
      assert.equal(one(unit, "KillSignal"), "SIGTERM");
      const seconds = Number(/^(\d+)s$/.exec(one(unit, "TimeoutStopSec"))?.[1]);
      const { drainMs = DEFAULT_OPTIONS.drainMs } = tellNode(env);
      assert.ok(seconds * 1000 >= drainMs + 10_000, one(unit, "TimeoutStopSec"));
    });

    test("it runs without rights, with room for connections, and survives a process of actions that takes all memory", () => {
      assert.equal(one(unit, "DynamicUser"), "yes");
      assert.equal(one(unit, "NoNewPrivileges"), "yes");
      assert.equal(one(unit, "ProtectSystem"), "strict");
      assert.equal(one(unit, "CapabilityBoundingSet"), "");
      assert.equal(one(unit, "OOMPolicy"), "continue");
      assert.ok(Number(one(unit, "LimitNOFILE")) >= 20_000);
      // V8 writes the code that it runs.
      assert.equal(unit.get("MemoryDenyWriteExecute"), undefined);
    });

    test("systemd takes it as it stands, and finds it little exposed", { skip: analyze.skip }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), "tanda-units-"));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      // It wants to find the program. An instance is a file of its own here.
      const file = join(folder, name.replace("@.", "@1."));
      const text = readFileSync(join(FOLDER, name), "utf8");
      writeFileSync(file, text.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
      const verified = spawnSync(analyze.path, ["verify", "--man=no", file], { encoding: "utf8" });
      assert.equal(verified.status, 0, verified.stderr);
      assert.equal(
        verified.stderr
          .split("\n")
          .filter((line) => line.includes(folder))
          .join("\n"),
        "",
      );
      const args = ["security", "--offline=yes", "--no-pager", `--threshold=${MOST_EXPOSED}`, file];
      const judged = spawnSync(analyze.path, args, { encoding: "utf8" });
      assert.equal(judged.status, 0, judged.stdout.split("\n").slice(-3).join("\n") + judged.stderr);
    });
  });
}
