import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { needs } from "../../scripts/system-programs.ts";

const skip = needs("radosgw").skip || needs("ceph-mon").skip || needs("ceph-osd").skip;
const SERVICE = fileURLToPath(new URL("./ceph.ts", import.meta.url));

test(
  "a private Ceph ends with the process that started it, also when that is killed",
  { skip },
  async (t) => {
    const script = `import { Ceph } from ${JSON.stringify(SERVICE)};
    const ceph = await Ceph.start();
    console.log(JSON.stringify({ pids: ceph.pids, dir: ceph.dir }));
    setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const { pids, dir } = JSON.parse(line) as { pids: number[]; dir: string };
    t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    assert.equal(pids.filter(isAlive).length, 3);
    child.kill("SIGKILL");
    for (let left = 100; pids.some(isAlive) && left > 0; left--) await sleep(50);
    assert.deepEqual(pids.filter(isAlive), []);
  },
);

/** One that has ended and was not waited for is not. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
