/**
 * A real S3 server of one's own on loopback: Ceph's gateway on one monitor and one store, in memory or on disk, in a folder and on
 * ports of its own. Its processes end with the process that started them, also when that is killed.
 * A test file says what it needs: needs("radosgw"), needs("ceph-mon"), needs("ceph-osd").
 */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { cephConfiguration } from "../../src/up/servers/ceph-configuration.ts";
import { freePort } from "../e2e/node-process.ts";

const run = promisify(execFile);
const READY_MS = 30_000;
const TRIES = 3;

export type CephOptions = {
  /** memstore: quick, and gone with its process. bluestore: on disk, survives kill -9. */
  readonly store?: "memstore" | "bluestore";
};

type Role = "mon" | "osd" | "rgw";

export class Ceph implements AsyncDisposable {
  readonly endpoint: string;
  readonly accessKey = `AK${randomBytes(8).toString("hex")}`;
  readonly secretKey = `SK${randomBytes(16).toString("hex")}`;
  readonly dir: string;
  readonly #children = new Map<Role, ChildProcess>();

  private constructor(dir: string, port: number) {
    this.dir = dir;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  static async start({ store = "memstore" }: CephOptions = {}): Promise<Ceph> {
    for (let left = TRIES; ; left--) {
      const dir = await mkdtemp(join(tmpdir(), "tanda-ceph-"));
      const [port, monPort] = [await freePort(), await freePort()];
      const ceph = new Ceph(dir, port);
      try {
        await ceph.#make(store, port, monPort);
        return ceph;
      } catch (error) {
        const log = await ceph.#lastWords();
        await ceph[Symbol.asyncDispose]();
        // Another may have taken a port meanwhile.
        if (left === 1) throw new Error(`Ceph did not come up: ${String(error)}\n${log}`, { cause: error });
      }
    }
  }

  get pids(): number[] {
    return [...this.#children.values()].map(({ pid }) => pid!);
  }

  /** For a node or a driver that is to use it. */
  get env(): { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string } {
    return { AWS_ACCESS_KEY_ID: this.accessKey, AWS_SECRET_ACCESS_KEY: this.secretKey };
  }

  /** A client beside the driver, to look at what is really there. */
  client(): S3Client {
    return new S3Client({
      endpoint: this.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      credentials: { accessKeyId: this.accessKey, secretAccessKey: this.secretKey },
    });
  }

  /** @returns the name of a new, empty bucket. */
  async makeBucket(): Promise<string> {
    const name = `tanda-${randomUUID()}`;
    const client = this.client();
    await client.send(new CreateBucketCommand({ Bucket: name }));
    client.destroy();
    return name;
  }

  /** @param objects how many the bucket may hold at most; null: as many as come. */
  async setQuota(bucket: string, objects: number | null): Promise<void> {
    const which = ["--quota-scope", "bucket", "--bucket", bucket];
    if (objects !== null) await this.#admin("quota", "set", ...which, "--max-objects", String(objects));
    await this.#admin("quota", objects === null ? "disable" : "enable", ...which);
  }

  /** The address for the driver. */
  url(bucket: string, prefix = ""): string {
    return `s3://${bucket}${prefix && `/${prefix}`}?endpoint=${this.endpoint}`;
  }

  killGateway(): Promise<void> {
    return this.#kill("rgw");
  }

  async startGateway(): Promise<void> {
    await this.#startGateway();
  }

  /** Gateway, store and monitor, as when the machine loses its power; only bluestore comes back with data. */
  async killAll(): Promise<void> {
    await Promise.all([this.#kill("rgw"), this.#kill("osd"), this.#kill("mon")]);
  }

  async startAll(): Promise<void> {
    this.#spawn("mon", "ceph-mon", "-i", "a");
    // One that has just come back refuses everybody until it has read who there is.
    await until(async () => (await this.#ceph("-s")) !== "");
    await this.#startStore();
    await this.#startGateway();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killAll();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #make(store: "memstore" | "bluestore", port: number, monPort: number): Promise<void> {
    const fsid = randomUUID();
    for (const name of ["mon", "osd", "rgw", "run"]) await mkdir(join(this.dir, name));
    await writeFile(this.#conf, cephConfiguration({ folder: this.dir, fsid, store, port, monPort }));
    const monmap = join(this.dir, "monmap");
    const monitor = ["--addv", "a", `v1:127.0.0.1:${monPort}`];
    await run("monmaptool", ["--create", "--fsid", fsid, ...monitor, monmap]);
    await run("ceph-mon", ["-c", this.#conf, "-i", "a", "--mkfs", "--monmap", monmap]);
    this.#spawn("mon", "ceph-mon", "-i", "a");
    const osd = randomUUID();
    await this.#ceph("osd", "new", osd, "0");
    await Promise.all([
      run("ceph-osd", ["-c", this.#conf, "-i", "0", "--mkfs", "--osd-uuid", osd]),
      // Told here: a store that tells it itself does so before it knows the monitor, and ends.
      this.#ceph("osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost"),
    ]);
    await this.#startStore();
    await this.#startGateway();
    const user = ["--uid", "tanda", "--display-name", "tanda"];
    const keys = ["--access-key", this.accessKey, "--secret-key", this.secretKey];
    await this.#admin("user", "create", ...user, ...keys);
  }

  async #admin(...words: string[]): Promise<void> {
    await run("radosgw-admin", ["-c", this.#conf, ...words]);
  }

  async #startStore(): Promise<void> {
    const isUp = async (): Promise<boolean> => / 1 up/.test(await this.#ceph("osd", "stat"));
    // One that was killed counts as up until its successor has said hello.
    const before = await this.#epoch();
    this.#spawn("osd", "ceph-osd", "-i", "0");
    await until(async () => (await this.#epoch()) > before && (await isUp()));
  }

  async #epoch(): Promise<number> {
    const { epoch } = JSON.parse(await this.#ceph("osd", "stat", "-f", "json")) as { epoch: number };
    return epoch;
  }

  async #startGateway(): Promise<void> {
    this.#spawn("rgw", "radosgw", "--name", "client.rgw");
    // Who has no name may ask for the list of his buckets.
    await until(async () => (await fetch(this.endpoint, { signal: AbortSignal.timeout(1000) })).ok);
  }

  async #ceph(...words: string[]): Promise<string> {
    const { stdout } = await run("ceph", ["-c", this.#conf, "--connect-timeout", "10", ...words]);
    return stdout;
  }

  #spawn(role: Role, program: string, ...words: string[]): void {
    const out = openSync(join(this.dir, `${role}.out`), "a");
    const args = ["--pdeathsig", "KILL", program, "-c", this.#conf, ...words, "-f"];
    this.#children.set(role, spawn("setpriv", args, { stdio: ["ignore", out, out] }));
    closeSync(out);
  }

  async #kill(role: Role): Promise<void> {
    const child = this.#children.get(role);
    this.#children.delete(role);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  get #conf(): string {
    return join(this.dir, "ceph.conf");
  }

  async #lastWords(): Promise<string> {
    const files = ["mon.out", "osd.out", "rgw.out"].map((name) => join(this.dir, name));
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
    return texts.map((text) => text.slice(-1000)).join("\n");
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    if (await isSo().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error(`not within ${READY_MS} ms`);
    await sleep(50);
  }
}
