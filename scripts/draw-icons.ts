/**
 * Draws the page's icons as pictures of points, since phones take no SVG:  npx node scripts/draw-icons.ts
 *
 * A maskable icon may be cut to a circle of 80 % of its width, and iOS shows what is transparent as black: both fill the square.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const FOLDER = fileURLToPath(new URL("../dashboard/public/", import.meta.url));
const SVG = readFileSync(`${FOLDER}icon.svg`, "utf8");
const ICONS = [
  { name: "icon-192.png", size: 192 },
  { name: "icon-512.png", size: 512 },
  { name: "icon-maskable-512.png", size: 512, scale: 0.85 },
  { name: "apple-touch-icon.png", size: 180, scale: 0.95 },
] as const;

for (const { name, size, ...more } of ICONS) {
  const svg = "scale" in more ? filled(more.scale) : SVG;
  const { width } = await sharp(Buffer.from(svg)).metadata();
  await sharp(Buffer.from(svg), { density: (72 * size) / width })
    .resize(size, size)
    .png({ palette: true, compressionLevel: 9 })
    .toFile(FOLDER + name);
}

/** Colour up to the corners, and what is drawn on it made smaller around the middle. */
function filled(scale: number): string {
  const svg = SVG.replace(' rx="14"', "").replace(
    "<g ",
    `<g transform="translate(32 32) scale(${scale}) translate(-32 -32)" `,
  );
  if (svg.length < SVG.length) throw new Error("icon.svg has no <g> to make smaller");
  return svg;
}
