import type { Engine } from "../engine/engine.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { signerOf } from "./cluster-secret.ts";
import type { CertificateKeeper } from "./duties/certificate-keeper.ts";
import type { CheckedOptions } from "./options.ts";
import { version } from "./version.ts";

/** Only a node that listens loads what it takes. */
export function loadGateway(): Promise<typeof import("../gateway/gateway.ts")> {
  return import("../gateway/gateway.ts");
}

export async function openGateway(options: CheckedOptions, engine: Engine): Promise<Gateway> {
  const { createGateway } = await loadGateway();
  return createGateway({
    engine,
    listen: options.listen,
    token: options.token,
    clusterSigner: signerOf(options.clusterSecret),
    requireToken: options.requireToken,
    hosts: options.hosts,
    origins: options.origins,
    limits: options.limits,
    tls: options.tls,
    blobLinkMs: options.blobsRedirectMs,
    clock: { now: Date.now },
    log: options.log,
    version,
  });
}

export async function keepCertificate(
  { tls, log }: CheckedOptions,
  gateway: Gateway,
  onError: (error: unknown) => void,
): Promise<CertificateKeeper | null> {
  if (tls === null) return null;
  const { CertificateKeeper } = await import("./duties/certificate-keeper.ts");
  const { files = null, ...pair } = tls;
  const renew = (renewed: typeof pair): void => gateway.renewCertificate(renewed);
  return new CertificateKeeper({ pair, files, renew, log, now: Date.now, onError });
}
