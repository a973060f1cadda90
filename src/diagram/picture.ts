/** A system as boxes and arrows, before anybody has decided how to write them down. */

export type Shape = "person" | "process" | "queue" | "database" | "storage";

export type Box = {
  /** A word: letters, digits and underscores. */
  readonly id: string;
  readonly shape: Shape;
  /** Lines of text; the first is its name. */
  readonly lines: readonly string[];
  /** It is known and does not answer. */
  readonly isDown?: boolean;
};

/** Boxes in a frame with a title; without a title there is no frame, and one box. */
export type Group = { readonly id: string; readonly title: string | null; readonly boxes: readonly Box[] };

export type Arrow = {
  /** Of a box or of a whole group. */
  readonly from: string;
  readonly to: string;
  readonly isMutual?: true;
};

export type Picture = {
  readonly title: string;
  /** In the order in which a task goes through them. */
  readonly groups: readonly Group[];
  readonly arrows: readonly Arrow[];
};

/** What a picture is drawn of. */
export type System = {
  readonly title: string;
  readonly balancer: readonly string[] | null;
  readonly gateways: readonly Box[];
  readonly workers: readonly Box[];
  /** Those that are both. */
  readonly nodes: readonly Box[];
  /** Null: each node keeps its own. */
  readonly servers: readonly Server[] | null;
};

export type Server = { readonly does: "queue" | "store" | "blobs"; readonly lines: readonly string[] };

const SHAPES = { queue: "queue", store: "database", blobs: "storage" } as const;
/** More lines would only be a tangle. */
const MOST_MUTUAL = 5;

export function pictureOf({ title, balancer, gateways, workers, nodes, servers }: System): Picture {
  const clients = single("clients", "person", ["clients", "nc, CLI, SDK, browser"]);
  const front = balancer === null ? null : single("balancer", "process", balancer);
  const doors = [framed("gateways", "gateways", gateways), framed("nodes", "nodes", nodes)].flat();
  const hands = framed("workers", "workers", workers);
  const kept = (servers ?? []).map(({ does, lines }) => single(does, SHAPES[does], lines));
  const queue = kept.find(({ id }) => id === "queue") ?? null;
  const others = kept.filter((group) => group !== queue);
  const arrows: Arrow[] = [];
  const join = (from: readonly Group[], to: readonly Group[]): void => {
    for (const one of from) for (const other of to) arrows.push({ from: one.id, to: other.id });
  };
  join([clients], front === null ? doors : [front]);
  if (front !== null) join([front], doors);
  if (queue !== null) {
    for (const { id } of doors)
      arrows.push({ from: id, to: queue.id, ...(id === "nodes" ? { isMutual: true as const } : {}) });
    join([queue], hands);
  }
  join([...doors, ...hands], others);
  if (servers === null) arrows.push(...amongThem(nodes));
  const groups = [clients, ...(front === null ? [] : [front]), ...doors];
  return { title, groups: [...groups, ...(queue === null ? [] : [queue]), ...hands, ...others], arrows };
}

function single(id: string, shape: Shape, lines: readonly string[]): Group {
  return { id, title: null, boxes: [{ id, shape, lines }] };
}

function framed(id: string, title: string, boxes: readonly Box[]): Group[] {
  return boxes.length === 0 ? [] : [{ id, title, boxes }];
}

/** Each asks each: one line for two. */
function amongThem(nodes: readonly Box[]): Arrow[] {
  if (nodes.length > MOST_MUTUAL) return [];
  return nodes.flatMap((node, index) =>
    nodes.slice(index + 1).map((other) => ({ from: node.id, to: other.id, isMutual: true as const })),
  );
}
