import { parseDuration, type Duration } from "../task/duration.ts";
import type { TandaError } from "../task/errors.ts";
import type { Address } from "./address.ts";
import { createBlobAccess } from "./blobs.ts";
import { RemoteCaller } from "./remote.ts";
import type { Platform, Transport } from "./transport.ts";

export type ConnectOptions = {
  token?: string | undefined;
  /** For every call that says nothing else; by default a call waits as long as the task takes. */
  callTimeout?: Duration;
  /** How long calls wait while no node can be reached, before they fail with `unavailable`. Default 1 min. */
  reconnectFor?: Duration;
  /** A connection on which something waits and nothing comes for so long, also when asked, is replaced. Default 20 s. */
  deadAfter?: Duration;
  onConnection?: (state: "open" | "lost", reason: Error | null) => void;
  /** A call was refused as `busy` or `unavailable` and is asked again; null: one that had been was answered. */
  onRefusal?: ((refusal: TandaError | null) => void) | undefined;
};

export function createRemoteCaller(
  addresses: readonly Address[],
  transports: readonly Transport[],
  platform: Platform,
  options: ConnectOptions,
): RemoteCaller {
  return new RemoteCaller({
    transports,
    soon: platform.soon,
    token: options.token,
    callTimeoutMs:
      options.callTimeout === undefined ? null : parseDuration(options.callTimeout, "callTimeout"),
    reconnectForMs: parseDuration(options.reconnectFor ?? "1m", "reconnectFor"),
    deadAfterMs: parseDuration(options.deadAfter ?? "20s", "deadAfter"),
    onConnection: options.onConnection,
    onRefusal: options.onRefusal,
    now: () => Date.now(),
    random: () => Math.random(),
    blobs: createBlobAccess(
      addresses.map((address) => address.httpUrl),
      options.token,
      platform,
    ),
  });
}
