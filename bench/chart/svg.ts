/** What an SVG is written with. */

/** Text that is SVG: nothing in it is to be escaped any more. */
export type Svg = string & { readonly svg?: never };

export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Svg[]
): Svg {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${text(say(value))}"`);
  return children.length === 0
    ? `<${name}${written.join("")}/>`
    : `<${name}${written.join("")}>${children.join("")}</${name}>`;
}

export function text(words: string): Svg {
  return words
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function say(value: string | number): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) throw new Error("a chart without a figure");
  return String(Math.round(value * 100) / 100);
}
