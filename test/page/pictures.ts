/**
 * Pictures of every page, of a node at work, for a person to look at.
 *
 *   npm run page:shots                  every page, at a desk and on a phone, in light and in dark: PNGs in .shots/
 *   npm run page:shots -- FOLDER        there
 *   npm run page:shots -- --docs        the few that docs/ shows, small, in docs/page/
 */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { BusySystem } from "./busy-system.ts";
import { chromium, DESK, LookedAt, openBrowser, PHONE } from "./looked-at.ts";
import { ROOMS, type Room } from "./rooms.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** So long until the charts have a shape. */
const WARM_MS = 25_000;
/** Data comes once a second. */
const SETTLED_MS = 1500;
const MOST_BYTES = 120_000;
/** Of all pages, what the texts of docs/ speak of. */
const IN_DOCS = new Set(["overview", "tasks", "task-retried", "try", "failed", "queues"]);

type Look = { readonly width: "desk" | "phone"; readonly colorScheme: "light" | "dark" };

if (chromium.skip) throw new Error(chromium.skip);
const isDocs = process.argv.includes("--docs");
const given = process.argv.slice(2).find((word) => !word.startsWith("--"));
const folder = resolve(given ?? join(ROOT, isDocs ? "docs/page" : ".shots"));
const looks: readonly Look[] = isDocs
  ? [
      { width: "desk", colorScheme: "light" },
      { width: "phone", colorScheme: "dark" },
    ]
  : (["desk", "phone"] as const).flatMap((width) => [
      { width, colorScheme: "light" as const },
      { width, colorScheme: "dark" as const },
    ]);

await mkdir(folder, { recursive: true });
await using busy = await BusySystem.start();
const browser = await openBrowser();
try {
  await new Promise((done) => setTimeout(done, WARM_MS));
  for (const look of looks) await shoot(look);
} finally {
  await browser.close();
}

async function shoot({ width, colorScheme }: Look): Promise<void> {
  const isPhone = width === "phone";
  await using it = await LookedAt.open(browser, busy.url, {
    viewport: isPhone ? PHONE : DESK,
    colorScheme,
    isMobile: isPhone,
    hasTouch: isPhone,
    deviceScaleFactor: isPhone ? 2 : 1,
  });
  for (const room of ROOMS.filter(({ name }) => !isDocs || (IN_DOCS.has(name) && fits(name, width)))) {
    const file = join(folder, `${room.name}-${width}-${colorScheme}.png`);
    const bytes = await write(file, await pictureOf(it, room));
    console.log(`${file} ${Math.round(bytes / 1000)} kB`);
  }
  for (const complaint of it.complaints) console.error(complaint);
}

/** On a phone one is enough to show that it fits. */
function fits(name: string, width: Look["width"]): boolean {
  return width === "desk" || name === "overview" || name === "tasks";
}

async function pictureOf(it: LookedAt, room: Room): Promise<Buffer> {
  await it.go(room.hash(busy.known));
  await room.shown(it.page);
  await it.page.waitForTimeout(SETTLED_MS);
  return it.page.screenshot();
}

/** With fewer colours until it is small enough for a repository. */
async function write(file: string, picture: Buffer): Promise<number> {
  let bytes = Infinity;
  for (let colours = 256; colours >= 16 && bytes > MOST_BYTES; colours /= 2) {
    const { size } = await sharp(picture).png({ palette: true, colours, effort: 10 }).toFile(file);
    bytes = size;
  }
  return bytes;
}
