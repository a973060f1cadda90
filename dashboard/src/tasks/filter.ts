/** The filter of the list: it is the address of the page, so whoever is given the link sees the same. */
import { LIST_FIELDS, type ListFilter } from "../../../src/protocol/messages.ts";
import { linkTo } from "../route.ts";

export type Filter = Readonly<
  Partial<Record<"state" | "action" | "queue" | "since" | "prefix", string | undefined>>
>;

export function readFilter(search: URLSearchParams): Filter {
  const given = [...search].filter(
    ([name, value]) => (LIST_FIELDS as readonly string[]).includes(name) && value,
  );
  return Object.fromEntries(given);
}

export function isEmpty(filter: Filter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}

export function filterLink(filter: Filter): string {
  return linkTo("/tasks", filter);
}

export function toListFilter(filter: Filter, limit: number, cursor: string | null): ListFilter {
  return { ...(filter as ListFilter), limit, ...(cursor === null ? {} : { cursor }) };
}
