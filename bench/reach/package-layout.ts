/** Tanda as it is published: what the package has, and no more, for bin/ looks around itself to see what it is part of. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** `program` is what `npx tanda` would run. */
export type PackageLayout = AsyncDisposable & { readonly program: string };

export async function layOutPackage(): Promise<PackageLayout> {
  if (!existsSync(join(ROOT, "dist", "cli", "main.js"))) throw new Error("npm run build makes dist/");
  const folder = await mkdtemp(join(tmpdir(), "tanda-reach-package-"));
  await mkdir(join(folder, "bin"));
  await cp(join(ROOT, "bin", "tanda.js"), join(folder, "bin", "tanda.js"));
  await cp(join(ROOT, "package.json"), join(folder, "package.json"));
  await cp(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return {
    program: join(folder, "bin", "tanda.js"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
