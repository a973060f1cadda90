/** A picture as a component diagram of PlantUML. */
import type { Box, Picture, Shape } from "./picture.ts";

const WORDS: Readonly<Record<Shape, string>> = {
  person: "actor",
  process: "component",
  queue: "queue",
  database: "database",
  storage: "storage",
};

export function toPlantuml({ title, groups, arrows }: Picture): string {
  const lines = [
    "@startuml",
    `title ${escape(title)}`,
    "left to right direction",
    "skinparam shadowing false",
    "skinparam defaultTextAlignment center",
    ...groups.flatMap((group) =>
      group.title === null
        ? group.boxes.map(boxText)
        : [
            `rectangle "${escape(group.title)}" as ${group.id} {`,
            ...group.boxes.map((box) => `  ${boxText(box)}`),
            "}",
          ],
    ),
    ...arrows.map(({ from, to, isMutual }) => `${from} ${isMutual ? "<-->" : "-->"} ${to}`),
    "@enduml",
  ];
  return `${lines.join("\n")}\n`;
}

function boxText({ shape, lines, id, isDown }: Box): string {
  const text = lines.map(escape).join("\\n");
  return `${WORDS[shape]} "${text}" as ${id}${isDown ? " #line.dashed" : ""}`;
}

/** A tilde takes away a letter's meaning; a quotation mark cannot be written between quotation marks. */
function escape(text: string): string {
  return text
    .replaceAll('"', "'")
    .replaceAll("\\", "/")
    .replaceAll(/[*_\-/~<]{2,}|</g, (letters) => `~${letters}`);
}
