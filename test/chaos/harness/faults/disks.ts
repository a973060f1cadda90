/** A disk is full: nobody may be told that something is kept which is not. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { setTimeout as delay } from "node:timers/promises";
import { Unseen, type Fault } from "../fault.ts";
import { nowMs } from "../history.ts";

const FULL_MS = 4000;
const TRIES = 40;
const REST_MS = 50;
/** More than a page, and nothing that could be pressed together. */
const BALLAST = `insert into audit.ballast select string_agg(md5(random()::text), '') from generate_series(1, 2000)`;

/** @returns how it was refused in the end; null: it never was. */
async function refusalOf(write: () => Promise<unknown>): Promise<string | null> {
  for (let left = TRIES; left > 0; left--) {
    try {
      await write();
    } catch (error) {
      const { code, name, message } = error as Error & { code?: string };
      return `${code ?? name}: ${message}`;
    }
    await delay(REST_MS);
  }
  return null;
}

export const DISKS: readonly Fault[] = [
  {
    name: "full-database",
    kind: "F4",
    strike: async ({ topology, audit }) => {
      const { disk, postgres } = topology;
      if (disk === null) throw new Unseen("mounting a disk needs root");
      await audit.query("create table if not exists audit.ballast (text text)");
      let why: string | null = null;
      const endsAt = performance.now() + FULL_MS;
      disk.fill();
      try {
        why = await refusalOf(() => audit.query(BALLAST));
        await delay(Math.max(0, endsAt - performance.now()));
      } finally {
        disk.empty();
      }
      const countsFrom = nowMs();
      await postgres.start();
      await audit.query("truncate audit.ballast").catch(() => {});
      const seen = (): string => {
        if (why === null) throw new Unseen("there was room all the time");
        return why;
      };
      return { what: "PostgreSQL", countsFrom, seen };
    },
  },
  {
    name: "full-broker",
    kind: "F4",
    strike: async ({ topology }) => {
      const { rabbit } = topology;
      await rabbit.setDiskAlarm(true);
      const alarms = await rabbit.first.ctl("list_connections", "state");
      await delay(FULL_MS / 2);
      await rabbit.setDiskAlarm(false);
      const blocked = alarms.match(/block/g)?.length ?? 0;
      const seen = (): string => {
        if (blocked === 0) throw new Unseen("nobody was blocked");
        return `${blocked} connections blocked`;
      };
      return { what: "RabbitMQ", countsFrom: nowMs(), seen };
    },
  },
  {
    name: "full-s3",
    kind: "F4",
    strike: async ({ topology }) => {
      const { ceph, bucket } = topology;
      if (ceph === null || bucket === null) throw new Unseen("blobs are files in this run");
      const client = ceph.client();
      await ceph.setQuota(bucket, 1);
      let refused: string | null = null;
      try {
        const put = { Bucket: bucket, Key: "ballast", Body: "x" };
        refused = await refusalOf(() => client.send(new PutObjectCommand(put)));
      } finally {
        await ceph.setQuota(bucket, null);
        client.destroy();
      }
      const seen = (): string => {
        if (refused === null) throw new Unseen("it took all");
        return `it answered ${refused}`;
      };
      return { what: "the bucket", countsFrom: nowMs(), seen };
    },
  },
];
