import type { WatchEvent } from "../protocol/messages.ts";

/** Events as JSON, made once however many watch: an event may carry a large result. */
export class EventTexts {
  readonly #texts = new WeakMap<WatchEvent, string>();

  of(event: WatchEvent): string {
    let text = this.#texts.get(event);
    if (text === undefined) {
      text = JSON.stringify(event);
      this.#texts.set(event, text);
    }
    return text;
  }
}
