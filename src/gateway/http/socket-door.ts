/** Lets WebSockets in: the same checks as for any request, then ws does the handshake. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer } from "ws";
import { TandaError, toTandaError } from "../../task/errors.ts";
import type { Peer } from "../connections.ts";
import type { GatewayContext } from "../context.ts";
import type { Grant } from "../grant.ts";
import { SocketConnection } from "../socket.ts";
import { checkPage, socketToken } from "./guard.ts";
import { rawProblem, statusOf } from "./problem.ts";

export const SOCKET_PATH = "/v1/socket";

export class SocketDoor {
  readonly #context: GatewayContext;
  readonly #peerOf: (socket: Socket) => Peer;
  readonly #server: WebSocketServer;

  constructor(context: GatewayContext, peerOf: (socket: Socket) => Peer) {
    this.#context = context;
    this.#peerOf = peerOf;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: context.limits.lineBytes,
      // A compressed message may be a thousand times larger than what came.
      perMessageDeflate: false,
      handleProtocols: (protocols) => (protocols.has("tanda") ? "tanda" : false),
    });
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const peer = this.#peerOf(socket);
    try {
      this.#checkRequest(request, peer);
      const token = socketToken(request);
      const grant = token === null ? this.#context.door.open : this.#context.door.admit(token);
      if (token !== null && grant === null) void this.#admitLate(request, socket, head, token);
      else this.#letIn(request, socket, head, grant);
    } catch (error) {
      refuse(socket, error);
    }
  }

  /** @param grant null: no token came along, and the first message must be `auth`. */
  #letIn(request: IncomingMessage, socket: Socket, head: Buffer, grant: Grant | null): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      void new SocketConnection(this.#context, ws, this.#peerOf(socket), grant);
    });
  }

  async #admitLate(request: IncomingMessage, socket: Socket, head: Buffer, token: string): Promise<void> {
    try {
      const grant = await this.#context.door.admitLate(token);
      if (grant === null) throw new TandaError("unauthorized", "this token is wrong");
      this.#letIn(request, socket, head, grant);
    } catch (error) {
      refuse(socket, error);
    }
  }

  close(): void {
    this.#server.close();
  }

  #checkRequest(request: IncomingMessage, peer: Peer): void {
    const { door } = this.#context;
    checkPage(door, request, peer);
    if (this.#context.isDraining()) throw new TandaError("unavailable", "the node is stopping");
    if ((request.url ?? "").split("?", 1)[0] !== SOCKET_PATH) {
      throw new TandaError("not_found", "there is no WebSocket at this path", {
        hint: `It is at ${SOCKET_PATH}`,
      });
    }
  }
}

function refuse(socket: Socket, error: unknown): void {
  const refusal = toTandaError(error);
  socket.end(rawProblem(statusOf(refusal), refusal));
}
