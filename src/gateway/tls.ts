/**
 * What TLS takes. Its certificate may be exchanged while connections are open: each keeps the one it began with. Loaded only
 * where TLS is spoken: with it come all the certificates that Node knows.
 */
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { SecureContext, SecureContextOptions, TLSSocket } from "node:tls";

export class Tls {
  readonly #node: typeof import("node:tls");
  #context: SecureContext;
  #expiresAt: number;

  private constructor(node: typeof import("node:tls"), options: SecureContextOptions) {
    this.#node = node;
    this.#context = node.createSecureContext(options);
    this.#expiresAt = expiryOf(options);
  }

  static async load(options: SecureContextOptions): Promise<Tls> {
    return new Tls(await import("node:tls"), options);
  }

  /** Epoch milliseconds. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** For connections from now on. @throws what is wrong with it; then the old one stays. */
  renew(options: SecureContextOptions): void {
    const context = this.#node.createSecureContext(options);
    this.#expiresAt = expiryOf(options);
    this.#context = context;
  }

  take(socket: Socket): TLSSocket {
    const secured = new this.#node.TLSSocket(socket, {
      isServer: true,
      secureContext: this.#context,
      allowHalfOpen: true,
    } as ConstructorParameters<typeof TLSSocket>[1]);
    // Only what it is wrapped around can be reset.
    secured.resetAndDestroy = () => {
      socket.resetAndDestroy();
      return secured;
    };
    return secured;
  }
}

function expiryOf({ cert }: SecureContextOptions): number {
  return new X509Certificate([cert!].flat()[0]!).validToDate.getTime();
}
