/** A picture as a flowchart of Mermaid. */
import type { Box, Picture, Shape } from "./picture.ts";

const FRAMES: Readonly<Record<Shape, readonly [string, string]>> = {
  person: ["([", "])"],
  process: ["[", "]"],
  queue: ["[[", "]]"],
  database: ["[(", ")]"],
  storage: ["[/", "/]"],
};

export function toMermaid({ title, groups, arrows }: Picture): string {
  const all = groups.flatMap(({ boxes }) => boxes);
  const down = all.filter(({ isDown }) => isDown).map(({ id }) => id);
  const lines = [
    "---",
    `title: ${JSON.stringify(title)}`,
    // Lines are broken by us, not in the middle of an address.
    "config:",
    "  flowchart:",
    "    wrappingWidth: 600",
    "---",
    "flowchart LR",
    ...groups.flatMap((group) =>
      group.title === null
        ? group.boxes.map((box) => `  ${boxText(box)}`)
        : [
            `  subgraph ${group.id}["${escape(group.title)}"]`,
            // A frame has a direction of its own, and boxes that are alike stand below each other.
            "    direction TB",
            ...group.boxes.map((box) => `    ${boxText(box)}`),
            "  end",
          ],
    ),
    ...arrows.map(({ from, to, isMutual }) => `  ${from} ${isMutual ? "<-->" : "-->"} ${to}`),
    ...(down.length === 0 ? [] : ["  classDef down stroke-dasharray: 4 4", `  class ${down.join(",")} down`]),
  ];
  return `${lines.join("\n")}\n`;
}

function boxText({ id, shape, lines }: Box): string {
  const [open, close] = FRAMES[shape];
  return `${id}${open}"${lines.map(escape).join("<br/>")}"${close}`;
}

/** Mermaid's own way to write what has a meaning in it. */
function escape(text: string): string {
  return text.replaceAll(/[#"<>&`\\;]/g, (letter) => `#${letter.charCodeAt(0)};`);
}
