/** Where one is: all of it stands behind the # of the address, so that a link shows another what one sees. */
import { useMemo, useSyncExternalStore } from "react";

export type Route = { readonly path: string; readonly search: URLSearchParams };

export function useRoute(): Route {
  const hash = useSyncExternalStore(
    (tell) => {
      addEventListener("hashchange", tell);
      return () => removeEventListener("hashchange", tell);
    },
    () => location.hash,
  );
  return useMemo(() => {
    const [path = "", search = ""] = hash.replace(/^#/, "").split("?");
    return { path: path === "" ? "/" : path, search: new URLSearchParams(search) };
  }, [hash]);
}

/** What is empty is left out. */
export function linkTo(path: string, search: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(search).filter((entry): entry is [string, string] => !!entry[1]);
  const query = new URLSearchParams(given).toString();
  return `#${path}${query === "" ? "" : `?${query}`}`;
}

/** @param isStep false: the way back leads past it. */
export function go(link: string, isStep = true): void {
  if (isStep) {
    location.hash = link;
    return;
  }
  history.replaceState(null, "", link);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
