/** A disk of one's own, in memory, that can be made full: only root may. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Room is not taken before it is used. */
const SIZE = "12g";
const TRIES = 20;

export class Disk implements Disposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @returns null where nobody may mount. */
  static mount(): Disk | null {
    const folder = mkdtempSync(join(tmpdir(), "tanda-disk-"));
    chmodSync(folder, 0o755);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder]);
    if (status === 0) return new Disk(folder);
    rmSync(folder, { recursive: true, force: true });
    return null;
  }

  /** Leaves no room. Others write meanwhile: what they got in between is allowed for. */
  fill(): void {
    for (let left = TRIES; left > 0; left--) {
      const { blocks, bfree, bsize } = statfsSync(this.folder);
      if (this.#resize(String((blocks - bfree + 1) * bsize))) return;
    }
    throw new Error("the disk could not be made full");
  }

  empty(): void {
    this.#resize(SIZE);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", ["-l", this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #resize(size: string): boolean {
    return spawnSync("mount", ["-o", `remount,size=${size}`, this.folder]).status === 0;
  }
}
