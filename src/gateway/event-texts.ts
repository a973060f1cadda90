import type { WatchEvent } from "../protocol/messages.ts";
import { TextForMany } from "../protocol/pieces.ts";

/** Events as JSON, made once however many watch: an event may carry a large result. */
export class EventTexts {
  readonly #texts = new WeakMap<WatchEvent, TextForMany>();

  of(event: WatchEvent): TextForMany {
    let text = this.#texts.get(event);
    if (text === undefined) {
      text = new TextForMany(JSON.stringify(event));
      this.#texts.set(event, text);
    }
    return text;
  }
}
