/** The kinds of threads a node has: what each is called, and how Linux and the node itself name it. */

export type Kind = "main" | "store" | "handlers" | "beside" | "supervisor" | "rest";

export type KindOfThread = { readonly kind: Kind; readonly title: string; readonly says: string };

/** In the order in which a task meets them; the last ones it never meets. */
export const KINDS: readonly KindOfThread[] = [
  { kind: "main", title: "main thread", says: "everything but SQL and handlers" },
  { kind: "store", title: "store's thread", says: "makes rows durable, many in one transaction" },
  { kind: "handlers", title: "threads of the pool", says: "run the handlers, in a process of their own" },
  { kind: "beside", title: "V8's threads", says: "collect garbage and compile, beside all of these" },
  { kind: "supervisor", title: "pool's supervisor", says: "watches over deadlines and memory" },
  { kind: "rest", title: "all others", says: "the store's reader, libuv's threads" },
];

const STORE = "tanda store writer";
const HANDLERS = "tanda thread";
/** Linux keeps so much of a name. */
const COMM_CHARS = 15;

/** @param isFirst whether it is the first thread of its process: that is the main thread, whatever it is called. */
export function kindOfTask(isPool: boolean, isFirst: boolean, comm: string): Kind {
  if (isFirst) return isPool ? "supervisor" : "main";
  if (comm === STORE.slice(0, COMM_CHARS)) return "store";
  if (comm.startsWith(HANDLERS)) return "handlers";
  return comm === "node-V8Worker" ? "beside" : "rest";
}

/** @param name as the thread knows it itself; "" for the first of its process. */
export function kindOfThread(isPool: boolean, name: string): Kind {
  return kindOfTask(isPool, name === "", name.slice(0, COMM_CHARS));
}
