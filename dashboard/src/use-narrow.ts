import { useSyncExternalStore } from "react";

const query = matchMedia("(max-width: 720px)");

/** A phone, or a window as narrow. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (tell) => {
      query.addEventListener("change", tell);
      return () => query.removeEventListener("change", tell);
    },
    () => query.matches,
  );
}
