/** Pictures to begin with, when there are none of your own. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";

/** @param count pictures are made in `folder`, each another one. */
export async function makeSamples(folder: string, count: number, width = 1600, height = 1200): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let n = 0; n < count; n++) {
    const hue = Math.round((360 * n) / count);
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
      <defs><linearGradient id="sky" x2="1" y2="1">
        <stop stop-color="hsl(${hue},80%,60%)"/><stop offset="1" stop-color="hsl(${(hue + 120) % 360},70%,25%)"/>
      </linearGradient></defs>
      <rect width="100%" height="100%" fill="url(#sky)"/>
      <circle cx="${(width * (n + 1)) / (count + 1)}" cy="${height / 3}" r="${height / 6}" fill="#fff" fill-opacity=".7"/>
    </svg>`;
    await sharp(Buffer.from(svg))
      .jpeg()
      .toFile(join(folder, `sample-${String(n + 1).padStart(2, "0")}.jpg`));
  }
}
