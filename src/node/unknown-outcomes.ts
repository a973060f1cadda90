/**
 * A store may be at a loss: what was asked of it was done, and its answer never came. Whoever asked goes on as if nothing had been done,
 * and a row may wait that was given to nobody, or be final while somebody waits. A node with its store for itself looks for such rows
 * then; where several share one, the sweeper finds the first, and who waits asks for the others.
 */
import type { Store } from "../store/store.ts";
import { toTandaError } from "../task/errors.ts";

/** As `store`, and tells of every change of which nobody knows whether it was made. */
export function tellingUnknown(store: Store, onUnknown: () => void): Store {
  const apply: Store["apply"] = async (events) => {
    try {
      return await store.apply(events);
    } catch (error) {
      if (toTandaError(error).code === "unavailable") onUnknown();
      throw error;
    }
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === "apply") return apply;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
