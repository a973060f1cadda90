/**
 * Depth and number of keys of JSON text, told without parsing it. What is too deep must not reach a thread:
 * structured clone and every recursive check die where `JSON.parse` survives.
 */
export type JsonLimits = { readonly depth: number; readonly keys: number };

const QUOTE = 34;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** The shortest text of n keys has five characters for each: `"":0,`. */
const CHARS_A_KEY = 5;

/** @returns what is over its limit, or null. Text that is not JSON may get either: the parser says so. */
export function overJsonLimit(text: string, limits: JsonLimits): "depth" | "keys" | null {
  const mayBeDeep = text.length > limits.depth * 2 && countUpTo(text, limits.depth) > limits.depth;
  const mayBeWide = text.length > limits.keys * CHARS_A_KEY;
  return mayBeDeep || mayBeWide ? scan(text, limits) : null;
}

/** Opening brackets, also those inside strings; stops counting when there are enough. */
function countUpTo(text: string, enough: number): number {
  let count = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at >= 0 && count <= enough; at = text.indexOf(bracket, at + 1)) {
      count++;
    }
  }
  return count;
}

function scan(text: string, limits: JsonLimits): "depth" | "keys" | null {
  let depth = 0;
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > limits.depth) return "depth";
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COLON:
        if (++keys > limits.keys) return "keys";
        break;
      default:
    }
  }
  return null;
}

/** Index of the closing quote; the text's end when it lacks one. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let slashes = 0;
    while (text.charCodeAt(close - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return close;
  }
  return text.length;
}
