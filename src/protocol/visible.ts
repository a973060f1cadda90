/**
 * Text from outside, where a person reads it. What would steer a terminal (control characters, also the one-byte ones of 8 bits),
 * reorder what is read (marks of writing direction) or pass for a line's end is written as JSON writes it: \u001b.
 */

/** All but the tab and the newline. Built from text, since they cannot be seen. */
const STEERING = new RegExp(
  String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]`,
  "g",
);

/** Keeps lines and tabs. Of JSON text it makes JSON text of the same value. */
export function visible(text: string): string {
  return text.replace(STEERING, escaped);
}

/** As one line, whatever it was. */
export function visibleLine(text: string): string {
  return visible(text)
    .replaceAll("\n", String.raw`\n`)
    .replaceAll("\t", String.raw`\t`);
}

export function isVisible(text: string): boolean {
  return text.search(STEERING) === -1;
}

function escaped(character: string): string {
  if (character === "\r") return String.raw`\r`;
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
