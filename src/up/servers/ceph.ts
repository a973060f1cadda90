/**
 * An S3 server of our own: Ceph's gateway on one monitor and one store on disk, in a folder and on ports of ours.
 * Each step of its making may be repeated: what a power cut left half done is done again.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { dirname, join } from "node:path";
import { makeS3Bucket } from "../../blobs/s3-make-bucket.ts";
import { checkPort } from "../checks.ts";
import type { Health, ProcessPlan } from "../process-plan.ts";
import { cephConfiguration } from "./ceph-configuration.ts";
import { runProgram } from "./run-program.ts";

const BUCKET = "tanda";
const USER = "tanda";
const STOP_WITHIN_MS = 20_000;

export type CephSetup = {
  readonly folder: string;
  readonly logFolder: string;
  /** Where `ceph`, `ceph-mon` and the others lie. */
  readonly programs: string;
  readonly port: number;
  readonly monPort: number;
  readonly fsid: string;
  readonly osd: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly env: NodeJS.ProcessEnv;
};

export function cephUrl({ port }: CephSetup): string {
  return `s3://${BUCKET}?endpoint=http://127.0.0.1:${port}`;
}

export function cephPlans(setup: CephSetup): ProcessPlan[] {
  const { monPort, port } = setup;
  const tools = new CephTools(setup);
  return [
    {
      ...daemon(setup, "ceph-mon", ["-i", "a"]),
      port: monPort,
      after: [],
      prepare: () => tools.makeMonitor(),
      check: () => checkPort("127.0.0.1", monPort),
    },
    {
      ...daemon(setup, "ceph-osd", ["-i", "0"]),
      port: null,
      after: ["ceph-mon"],
      prepare: () => tools.makeStore(),
      check: () => tools.checkStore(),
    },
    {
      ...daemon(setup, "radosgw", ["--name", "client.rgw"]),
      port,
      after: ["ceph-osd"],
      check: () => tools.checkGateway(),
    },
  ];
}

type Program = "ceph-mon" | "ceph-osd" | "radosgw";
type Daemon = Omit<ProcessPlan, "port" | "after" | "check">;

function daemon({ folder, logFolder, programs, env }: CephSetup, name: Program, words: string[]): Daemon {
  const args = ["-c", join(folder, "ceph.conf"), ...words, "-f"];
  return {
    name,
    role: "blobs",
    host: "127.0.0.1",
    command: () => ({ program: join(programs, name), args, env, user: null }),
    logFile: join(logFolder, `${name}.log`),
    stopSignal: "SIGTERM",
    stopWithinMs: STOP_WITHIN_MS,
  };
}

class CephTools {
  readonly #setup: CephSetup;
  #wasUp = false;
  #isOpen = false;

  constructor(setup: CephSetup) {
    this.#setup = setup;
  }

  async makeMonitor(): Promise<void> {
    const { folder, fsid, monPort } = this.#setup;
    for (const name of ["mon", "osd", "rgw", "run"]) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(this.#conf, cephConfiguration(this.#setup));
    await this.#once("mon", async () => {
      rmSync(join(folder, "mon"), { recursive: true });
      mkdirSync(join(folder, "mon"));
      const map = join(folder, "monmap");
      const words = ["--create", "--clobber", "--fsid", fsid, "--addv", "a", `v1:127.0.0.1:${monPort}`];
      await this.#run("monmaptool", ...words, map);
      await this.#run("ceph-mon", "-c", this.#conf, "-i", "a", "--mkfs", "--monmap", map);
    });
  }

  async makeStore(): Promise<void> {
    const { folder, osd } = this.#setup;
    await this.#once("osd", async () => {
      rmSync(join(folder, "osd"), { recursive: true });
      mkdirSync(join(folder, "osd"));
      await this.#ceph("osd", "new", osd, "0");
      // Told here: a store that tells it itself does so before it knows the monitor, and ends.
      await this.#ceph("osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost");
      await this.#run("ceph-osd", "-c", this.#conf, "-i", "0", "--mkfs", "--osd-uuid", osd);
    });
  }

  /** Asking costs half a second of a processor: once it was up, it is as its process is. */
  async checkStore(): Promise<Health> {
    if (this.#wasUp) return { isReady: true, figures: null };
    try {
      const { num_up_osds: up } = JSON.parse(await this.#ceph("osd", "stat", "-f", "json")) as {
        num_up_osds: number;
      };
      this.#wasUp = up > 0;
      return this.#wasUp ? { isReady: true, figures: null } : { isReady: false, why: "it is not up yet" };
    } catch (error) {
      return { isReady: false, why: String(error) };
    }
  }

  /** Ready is who lets us in. */
  async checkGateway(): Promise<Health> {
    const { port, accessKey, secretKey } = this.#setup;
    const endpoint = `http://127.0.0.1:${port}`;
    if (!(await answers(port))) return { isReady: false, why: "it does not answer" };
    if (this.#isOpen) return { isReady: true, figures: null };
    try {
      await this.#once("rgw", async () => {
        const keys = ["--access-key", accessKey, "--secret-key", secretKey];
        const who = ["--uid", USER, "--display-name", USER];
        // It may be there from a start that was cut off.
        await this.#run("radosgw-admin", "-c", this.#conf, "user", "create", ...who, ...keys).catch(() => {});
        await makeS3Bucket(endpoint, BUCKET, { accessKeyId: accessKey, secretAccessKey: secretKey });
      });
      this.#isOpen = true;
      return { isReady: true, figures: null };
    } catch (error) {
      return { isReady: false, why: String(error) };
    }
  }

  get #conf(): string {
    return join(this.#setup.folder, "ceph.conf");
  }

  async #once(what: string, make: () => Promise<void>): Promise<void> {
    const mark = join(this.#setup.folder, `${what}.made`);
    if (existsSync(mark)) return;
    await make();
    writeFileSync(mark, "");
  }

  #ceph(...words: string[]): Promise<string> {
    return this.#run("ceph", "-c", this.#conf, "--connect-timeout", "10", ...words);
  }

  #run(program: string, ...args: string[]): Promise<string> {
    return runProgram(join(this.#setup.programs, program), args);
  }
}

/** Who has no name may ask for the list of his buckets. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const how = { host: "127.0.0.1", port, agent: false, signal: AbortSignal.timeout(3000) };
    const request = get(how, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", () => resolve(false));
  });
}

/** All of Ceph's programs lie together. */
export function cephFolder(radosgw: string): string {
  return dirname(radosgw);
}
