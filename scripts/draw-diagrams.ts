/**
 * Draws the pictures of docs/diagrams anew:  npx node scripts/draw-diagrams.ts
 *
 * What `tanda diagram` says is rendered by Mermaid itself, in Chromium, and by PlantUML. None of them is a dependency: Debian has
 * chromium, plantuml and graphviz (apt-get install), and Mermaid's package is fetched from npm for the moment. A text that one of
 * them does not understand ends this with what it says.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { needs } from "./system-programs.ts";

const MERMAID = "mermaid@12.3.0";
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = join(ROOT, "docs/diagrams");
const PICTURES: ReadonlyMap<string, readonly string[]> = new Map([
  ["nodes", ["--nodes", "3", "--balancer", "nginx"]],
  ["full", ["full", "--balancer", "haproxy"]],
]);

type Mermaid = {
  initialize(options: object): void;
  render(id: string, text: string): Promise<{ svg: string }>;
};

const folder = mkdtempSync(join(tmpdir(), "tanda-diagrams-"));
try {
  mkdirSync(TARGET, { recursive: true });
  const texts = [...PICTURES].map(([name, flags]) => ({ name, text: diagram("mermaid", flags) }));
  for (const { name, svg } of await renderMermaid(texts)) save(`${name}.mermaid.svg`, svg);
  for (const [name, flags] of PICTURES) {
    const input = diagram("plantuml", flags);
    const how = { input, encoding: "utf8" as const, env: { ...process.env, GRAPHVIZ_DOT: "/usr/bin/dot" } };
    save(`${name}.plantuml.svg`, execFileSync("plantuml", ["-tsvg", "-pipe", "-failfast2"], how));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function diagram(language: string, flags: readonly string[]): string {
  const main = join(ROOT, "src/cli/main.ts");
  return execFileSync(process.execPath, [main, "diagram", language, ...flags], { encoding: "utf8" });
}

/** In a page of its own, which reaches nothing but itself. */
async function renderMermaid(
  texts: readonly { name: string; text: string }[],
): Promise<{ name: string; svg: string }[]> {
  const found = needs("chromium");
  if (found.skip !== false) throw new Error(found.skip);
  execFileSync("npm", ["pack", "--silent", MERMAID, "--pack-destination", folder], { cwd: folder });
  execFileSync("sh", ["-c", "tar -xzf mermaid-*.tgz package/dist/mermaid.min.js"], { cwd: folder });
  const library = readFileSync(join(folder, "package/dist/mermaid.min.js"), "utf8");
  const browser = await chromium.launch({ executablePath: found.path, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ offline: true });
    await page.addScriptTag({ content: library });
    const drawn: { name: string; svg: string }[] = [];
    for (const { name, text } of texts) {
      const svg = await page.evaluate(
        async ([id, source]) => {
          const { mermaid } = globalThis as unknown as { mermaid: Mermaid };
          // Labels as SVG's own text, which every viewer shows.
          const flowchart = { htmlLabels: false, useMaxWidth: false };
          mermaid.initialize({ startOnLoad: false, theme: "neutral", htmlLabels: false, flowchart });
          return (await mermaid.render(`diagram-${id}`, source)).svg;
        },
        [name, text] as const,
      );
      drawn.push({ name, svg });
    }
    return drawn;
  } finally {
    await browser.close();
  }
}

function save(name: string, text: string): void {
  // Dark letters, on pages that may be dark too.
  const svg = text
    .replace(/<svg (?![^>]*\sstyle=)/, '<svg style="" ')
    .replace(/(<svg [^>]*?style=")/, "$1background:white;");
  writeFileSync(join(TARGET, name), `${svg.trim()}\n`);
  console.log(`docs/diagrams/${name}: ${Math.round(Buffer.byteLength(svg) / 1024)} KiB`);
}
