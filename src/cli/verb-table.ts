import { extname } from "node:path";
import type { Verb } from "./verb.ts";

/** Every verb, in the order of help; a file each in verbs/, read only when it is needed. */
export const VERB_GROUPS = [
  { title: "Run a node", verbs: ["serve", "dev", "up", "balancer"] },
  { title: "Send tasks", verbs: ["run", "submit", "map", "shell"] },
  {
    title: "Look after tasks",
    verbs: ["get", "wait", "list", "watch", "cancel", "retry", "delete", "explain"],
  },
  {
    title: "Look at the system",
    verbs: ["actions", "queues", "queue", "workers", "nodes", "stats", "diagram"],
  },
  { title: "Say who may do what", verbs: ["token", "audit"] },
  { title: "Check it", verbs: ["doctor", "migrate", "bench", "version"] },
] as const satisfies readonly { title: string; verbs: readonly string[] }[];

export const VERB_NAMES: readonly string[] = VERB_GROUPS.flatMap((group) => [...group.verbs]);

/** @param name one of {@link VERB_NAMES}. */
export async function loadVerb(name: string): Promise<Verb> {
  const module = (await import(`./verbs/${name}${extname(import.meta.url)}`)) as { verb: Verb };
  return module.verb;
}
