/** What every chart lies on: paper with a head, and what it is called where nobody sees it. */
import { STYLE } from "./style.ts";
import { element, type Svg, text } from "./svg.ts";

export const MARGIN = 28;

export type Sheet = {
  readonly width: number;
  readonly height: number;
  readonly head: string;
  /** For who cannot see it. */
  readonly title: string;
  /** Lines under the head. */
  readonly says: readonly string[];
  /** Of this chart alone. */
  readonly style: string;
};

export function sheet({ width, height, head, title, says, style }: Sheet, ...parts: readonly Svg[]): string {
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-labelledby": "title",
    },
    element("title", { id: "title" }, text(title)),
    element("style", {}, STYLE + style),
    element("rect", { class: "paper", x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 10 }),
    element("text", { class: "head", x: MARGIN, y: 38 }, text(head)),
    ...says.map((line, at) => element("text", { class: "quiet", x: MARGIN, y: 59 + at * 20 }, text(line))),
    ...parts,
  ).concat("\n");
}
