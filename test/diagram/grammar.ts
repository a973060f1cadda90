/** The part of Mermaid's and PlantUML's grammars that we write, held strictly: who strays from it is told the line. */
import assert from "node:assert/strict";

export type Read = { readonly boxes: ReadonlyMap<string, string>; readonly arrows: readonly string[] };

/** Words that mean something of themselves to Mermaid, as an id of a box. */
const RESERVED = /^(?:end|graph|flowchart|subgraph|style|class|classDef|click|default|linkStyle|direction)$/;
/** Within quotation marks: no letter that has a meaning, only codes of such letters, and line breaks. */
const MERMAID_TEXT = String.raw`((?:[^"#<>&\`\\;]|#\d+;|<br\/>)*)`;
const MERMAID_BOX = new RegExp(
  String.raw`^(?:    |  )(\w+)(?:\(\["${MERMAID_TEXT}"\]\)|\["${MERMAID_TEXT}"\]|\[\["${MERMAID_TEXT}"\]\]|\[\("${MERMAID_TEXT}"\)\]|\[\/"${MERMAID_TEXT}"\/\])$`,
);

export function readMermaid(text: string): Read {
  const lines = text.split("\n");
  assert.equal(lines.pop(), "");
  const [open, title, ...more] = lines;
  const [head, body] = [more.slice(0, 5), more.slice(5)];
  const expected = ["---", "config:", "  flowchart:", "    wrappingWidth: 600", "---", "flowchart LR"];
  assert.deepEqual([open, ...head], expected);
  assert.equal(typeof JSON.parse(/^title: (".*")$/.exec(title!)![1]!), "string");
  const found = new Found();
  let frame: string | null = null;
  for (const line of body) {
    const box = MERMAID_BOX.exec(line);
    const subgraph = new RegExp(String.raw`^  subgraph (\w+)\["${MERMAID_TEXT}"\]$`).exec(line);
    const arrow = /^ {2}(\w+) (?:<-->|-->) (\w+)$/.exec(line);
    if (subgraph) {
      assert.equal(frame, null, line);
      frame = subgraph[1]!;
      found.declare(frame, subgraph[2]!);
    } else if (line === "    direction TB") assert.ok(frame, line);
    else if (line === "  end") {
      assert.ok(frame, line);
      frame = null;
    } else if (box)
      found.declare(
        box[1]!,
        box.slice(2).find((one) => one !== undefined)!,
      );
    else if (arrow) found.join(arrow[1]!, arrow[2]!);
    else if (/^ {2}class \w+(,\w+)* down$/.test(line)) found.use(line.trim().split(/[ ,]/).slice(1, -1));
    else assert.equal(line, "  classDef down stroke-dasharray: 4 4");
  }
  assert.equal(frame, null);
  for (const id of found.boxes.keys()) assert.doesNotMatch(id, RESERVED);
  return found.read();
}

export function readPlantuml(text: string): Read {
  const lines = text.split("\n");
  assert.equal(lines.pop(), "");
  assert.equal(lines.shift(), "@startuml");
  assert.equal(lines.pop(), "@enduml");
  assert.match(lines.shift()!, /^title [^\s]/);
  const found = new Found();
  let isInside = false;
  for (const line of lines) {
    const box =
      /^(?: {2})?(?:actor|component|queue|database|storage) "([^"]*)" as (\w+)(?: #line\.dashed)?$/.exec(
        line,
      );
    const frame = /^rectangle "([^"]*)" as (\w+) \{$/.exec(line);
    const arrow = /^(\w+) (?:<-->|-->) (\w+)$/.exec(line);
    if (frame) {
      assert.ok(!isInside, line);
      isInside = true;
      found.declare(frame[2]!, frame[1]!);
    } else if (line === "}") {
      assert.ok(isInside, line);
      isInside = false;
    } else if (box) found.declare(box[2]!, box[1]!);
    else if (arrow) found.join(arrow[1]!, arrow[2]!);
    else assert.match(line, /^(?:left to right direction|skinparam \w+ \w+)$/);
  }
  assert.ok(!isInside);
  // Its creole would read these as bold, struck or slanted, if nothing stood before them.
  for (const label of found.boxes.values()) assert.doesNotMatch(label, /(?<!~)(?:\*\*|\/\/|__|--)/);
  return found.read();
}

class Found {
  readonly boxes = new Map<string, string>();
  readonly #arrows: string[] = [];

  declare(id: string, label: string): void {
    assert.ok(!this.boxes.has(id), `${id} is there twice`);
    this.boxes.set(id, label);
  }

  join(from: string, to: string): void {
    this.use([from, to]);
    this.#arrows.push(`${from} ${to}`);
  }

  use(ids: readonly string[]): void {
    for (const id of ids) assert.ok(this.boxes.has(id), `${id} is nowhere`);
  }

  read(): Read {
    assert.equal(new Set(this.#arrows).size, this.#arrows.length, "an arrow is there twice");
    return { boxes: this.boxes, arrows: this.#arrows };
  }
}
