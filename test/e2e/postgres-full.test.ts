/** A PostgreSQL whose tables lie on a small disk of their own, which fills up under a node that has queue and store there. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { Postgres } from "../services/postgres.ts";
import { Lines, type LineReply } from "./lines.ts";
import { freePort, NodeProcess } from "./node-process.ts";

const makeId = createIdMaker(3, Date.now, Math.random);
const DISK = "96m";
const BALLAST_BYTES = 48 * 1024 * 1024;
const PAYLOAD_BYTES = 20_000;
const MOST = 10_000;

test(
  "the disk of PostgreSQL is full: who asks is told so, nothing promised is lost, and with space back it goes on",
  { skip: needs("postgres").skip, timeout: 60_000 },
  async (t) => {
    const disk = await mkdtemp(join(tmpdir(), "tanda-small-disk-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", disk]);
    t.after(async () => {
      if (mounted.status === 0) execFileSync("umount", ["-l", disk]);
      await rm(disk, { recursive: true, force: true });
    });
    if (mounted.status !== 0) return t.skip("mounting a file system needs root");
    await using postgres = await Postgres.start();
    const ballast = join(disk, "ballast");
    await writeFile(ballast, Buffer.alloc(BALLAST_BYTES));
    await chmod(disk, 0o777);
    execFileSync("install", ["-d", "-o", "postgres", join(disk, "tables")]);
    await postgres.query(`create tablespace small location '${join(disk, "tables")}'`);
    await postgres.query("create database small tablespace small");
    const flags = ["--store", postgres.url.replace(/postgres$/, "small")];
    await using node = new NodeProcess(await freePort(), join(disk, "data"), flags, {});
    await node.start();
    using lines = await Lines.open(node.port);
    await lines.ask({ op: "pause", queue: "default" });
    const promised: string[] = [];
    let refused: LineReply | null = null;
    while (refused === null && promised.length < MOST) {
      const replies = await lines.askAll(
        Array.from({ length: 20 }, () => ({
          action: "count",
          // PostgreSQL would press anything simpler.
          payload: randomBytes(PAYLOAD_BYTES / 2).toString("hex"),
          options: { wait: false, task: makeId() },
        })),
      );
      for (const reply of replies) {
        if (reply.status === "queued") promised.push(reply.task!);
        else refused = reply;
      }
    }
    assert.ok(refused, "the disk never got full: nothing was tested");
    const { code, message, retryAfterMs } = refused.result!.error!;
    assert.equal(code, "busy", message);
    assert.match(message, /disk/i);
    assert.ok(retryAfterMs! > 0);
    assert.ok(promised.length > 50, String(promised.length));

    await rm(ballast);
    for (let isResumed = false; !isResumed;)
      isResumed = (await lines.ask({ op: "resume", queue: "default" })).status === "ok";
    for (const task of promised) {
      const end = await lines.ask({ op: "wait", task });
      assert.equal(end.result?.data, PAYLOAD_BYTES, `${task}: ${JSON.stringify(end)}`);
    }
    const after = await lines.ask({ action: "upper", payload: "again", options: { wait: false } });
    assert.equal(after.status, "queued");
    t.diagnostic(`${promised.length} tasks were promised before the disk was full`);
  },
);
