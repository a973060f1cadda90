/** What is installed, as package-lock.json tells it. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

type Locked = {
  readonly dev?: true;
  readonly devOptional?: true;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
type Manifest = {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

const read = (file: string): unknown => JSON.parse(readFileSync(`${ROOT}${file}`, "utf8"));

export const manifest = read("package.json") as Manifest;
const locked = new Map(
  Object.entries((read("package-lock.json") as { packages: Record<string, Locked> }).packages),
);
locked.delete("");

/** Packages of the whole tree, by what they are needed for. */
export function countTree(): { runtime: number; development: number } {
  const development = [...locked.values()].filter(({ dev, devOptional }) => dev || devOptional).length;
  return { runtime: locked.size - development, development };
}

/** How many packages come with this one, of any depth and platform. */
export function countBrought(name: string): number {
  const seen = new Set<string>();
  const visit = (place: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = locked.get(place)!;
    for (const wanted of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) {
      const found = resolve(place, wanted);
      if (found === null || seen.has(found)) continue;
      seen.add(found);
      visit(found);
    }
  };
  visit(`node_modules/${name}`);
  return seen.size;
}

/** As Node finds it: beside who wants it, or further up. */
function resolve(from: string, name: string): string | null {
  for (let at = from; ;) {
    const place = `${at === "" ? "" : `${at}/`}node_modules/${name}`;
    if (locked.has(place)) return place;
    if (at === "") return null;
    at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1));
  }
}

/** Rooms whose sources import it: `gateway`, `dashboard`, `scripts` … */
export function importersOf(name: string): string[] {
  const form = new RegExp(`(?:from|import)\\s*\\(?\\s*["']${name.replaceAll("/", "\\/")}(?:\\/[^"']*)?["']`);
  const files = globSync("{src,dashboard,scripts,test,bench,examples}/**/*.{ts,tsx,mjs}", { cwd: ROOT });
  const rooms = new Set<string>();
  for (const file of files) {
    if (file.includes("node_modules") || !form.test(readFileSync(`${ROOT}${file}`, "utf8"))) continue;
    const [folder, room] = file.split(/[/\\]/);
    rooms.add(folder === "src" ? room! : folder!);
  }
  return [...rooms].sort();
}
