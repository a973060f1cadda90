/**
 * The balancer for a machine that has no other: passes TCP connections on to the node with the fewest, asks each node PING, and
 * tells it who the client is. What it does not do (TLS, several processes, limits by rate) HAProxy does.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { formatAddress } from "../gateway/listen.ts";
import { TandaError } from "../task/errors.ts";
import type { BalancerOptions, Place } from "./options.ts";
import type { Health } from "./ask-node.ts";
import { proxyHeader } from "./proxy-v2.ts";
import { WatchedNode } from "./watched-node.ts";

const KEEP_ALIVE_MS = 60_000;

export type BalancerEvents = {
  /** A node's health is another than it was. */
  readonly onHealth?: (node: string, health: Health, was: Health) => void;
  /** A client was given to a node. */
  readonly onClient?: (client: string, node: string) => void;
};

export type NodeState = { readonly node: string; readonly health: Health; readonly connections: number };

export interface BuiltinBalancer extends AsyncDisposable {
  readonly address: Place;
  readonly nodes: readonly NodeState[];
  /** Takes no new connections; resolves when the last has ended by itself. */
  drain(): Promise<void>;
  /** Ends all. Twice is safe. */
  close(): Promise<void>;
}

/** @throws conflict when another process listens there; else what `listen` throws. */
export async function startBuiltin(
  options: BalancerOptions,
  events: BalancerEvents = {},
): Promise<BuiltinBalancer> {
  const balancer = new Builtin(options, events);
  await balancer.start();
  return balancer;
}

class Builtin implements BuiltinBalancer {
  readonly #options: BalancerOptions;
  readonly #events: BalancerEvents;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #byAddress = new Map<string, number>();
  #nodes: WatchedNode[] = [];
  #onEmpty: (() => void)[] = [];
  /** Where the search begins, so that equals take turns. */
  #turn = 0;

  constructor(options: BalancerOptions, events: BalancerEvents) {
    this.#options = options;
    this.#events = events;
    // Half open: a client that has said all still gets its answers. Paused: its bytes wait until a node takes them.
    const how = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    this.#server = createServer(how, (client) => this.#accept(client));
  }

  get address(): Place {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  get nodes(): readonly NodeState[] {
    return this.#nodes.map(({ name, health, clients }) => ({
      node: name,
      health,
      connections: clients.size,
    }));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => reject(asConflict(error, this.#options.listen));
      this.#server.once("error", fail);
      this.#server.listen({ ...this.#options.listen, backlog: 4096 }, () => {
        this.#server.off("error", fail);
        resolve();
      });
    });
    const { isProxy, checkMs, nodes } = this.#options;
    const onChange = (node: WatchedNode, was: Health): void =>
      this.#events.onHealth?.(node.name, node.health, was);
    this.#nodes = nodes.map((place) => new WatchedNode(place, { isProxy, checkMs, onChange }));
  }

  async drain(): Promise<void> {
    this.#server.close();
    if (this.#clients.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  async close(): Promise<void> {
    for (const node of this.#nodes) node.end();
    const drained = this.drain();
    for (const client of this.#clients) client.destroy();
    await drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    // A reset is how many clients say goodbye.
    client.on("error", () => client.destroy());
    const address = client.remoteAddress ?? "";
    const count = this.#byAddress.get(address) ?? 0;
    if (this.#clients.size >= this.#options.connections || count >= this.#options.addressConnections) {
      client.destroy();
      return;
    }
    this.#clients.add(client);
    this.#byAddress.set(address, count + 1);
    client.once("close", () => this.#forget(client, address));
    client.setKeepAlive(true, KEEP_ALIVE_MS);
    // Bytes in either direction pass through this socket.
    client.setTimeout(this.#options.idleMs, () => client.destroy());
    this.#connect(client, this.#candidates());
  }

  #forget(client: Socket, address: string): void {
    this.#clients.delete(client);
    for (const node of this.#nodes) node.clients.delete(client);
    const left = this.#byAddress.get(address)! - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
    if (this.#clients.size > 0) return;
    for (const tell of this.#onEmpty.splice(0)) tell();
  }

  /** Best first. Those that are not up come last: when all look bad, a try costs nothing. */
  #candidates(): WatchedNode[] {
    const from = this.#turn++ % this.#nodes.length;
    return [...this.#nodes.slice(from), ...this.#nodes.slice(0, from)].sort(
      (one, other) =>
        Number(one.health !== "up") - Number(other.health !== "up") || one.clients.size - other.clients.size,
    );
  }

  /** Nothing was sent yet when a node does not take the connection, so nothing is repeated at the next. */
  #connect(client: Socket, [node, ...others]: readonly WatchedNode[]): void {
    if (client.destroyed) return;
    if (node === undefined) {
      client.destroy();
      return;
    }
    node.clients.add(client);
    const upstream = connect({ ...node.place, allowHalfOpen: true, noDelay: true });
    const leave = (): void => void upstream.destroy();
    const next = (): void => {
      clearTimeout(timer);
      upstream.destroy();
      client.off("close", leave);
      node.clients.delete(client);
      node.refused();
      this.#connect(client, others);
    };
    const timer = setTimeout(next, this.#options.connectMs);
    client.once("close", leave);
    upstream.once("error", next);
    upstream.once("close", () => clearTimeout(timer));
    upstream.once("connect", () => {
      clearTimeout(timer);
      upstream.off("error", next).on("error", () => upstream.destroy());
      upstream.setKeepAlive(true, KEEP_ALIVE_MS);
      if (client.destroyed) {
        upstream.destroy();
        return;
      }
      this.#join(client, upstream);
      this.#events.onClient?.(`${client.remoteAddress}:${client.remotePort}`, node.name);
    });
  }

  #join(client: Socket, upstream: Socket): void {
    if (this.#options.isProxy) {
      const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = client;
      const from = { address: remoteAddress, port: remotePort };
      upstream.write(proxyHeader(from, { address: localAddress, port: localPort }));
    }
    // After a proper end the client still gets what is on its way to it.
    upstream.once("close", (hadError) => {
      if (upstream.readableEnded && !hadError) client.destroySoon();
      else client.destroy();
    });
    client.pipe(upstream);
    upstream.pipe(client);
  }
}

function asConflict(error: NodeJS.ErrnoException, listen: Place): Error {
  if (error.code !== "EADDRINUSE") return error;
  return new TandaError(
    "conflict",
    `The balancer cannot listen on ${formatAddress(listen)}: another process does.`,
    { hint: "Stop that process, or give this one another address: --listen 127.0.0.1:9100.", cause: error },
  );
}
