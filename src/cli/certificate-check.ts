import { isIP } from "node:net";
import type { Address } from "../client/address.ts";

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;
const ANSWER_WITHIN_MS = 5000;

export type CertificateFinding = {
  readonly check: "certificate";
  readonly verdict: "good" | "doubtful";
  readonly text: string;
  readonly next?: string;
};

/** How long the certificate of a node still holds. Null when it cannot be seen: then the connection has told why. */
export async function checkCertificate(
  { host, port }: Address,
  ca: string | undefined,
  now: number,
): Promise<CertificateFinding | null> {
  const expiresAt = await expiryAt(host, port, ca).catch(() => null);
  if (expiresAt === null) return null;
  const days = Math.floor((expiresAt - now) / DAY_MS);
  const text = `holds until ${new Date(expiresAt).toISOString().slice(0, 10)}, ${days} days from now`;
  if (expiresAt - now > SOON_MS) return { check: "certificate", verdict: "good", text };
  const next =
    "Renew it: a node takes the files of --tls-cert and --tls-key anew when they change, without a restart.";
  return { check: "certificate", verdict: "doubtful", text, next };
}

async function expiryAt(host: string, port: number, ca: string | undefined): Promise<number> {
  const { connect } = await import("node:tls");
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      timeout: ANSWER_WITHIN_MS,
    });
    socket.once("secureConnect", () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.once("timeout", () => socket.destroy(new Error("it does not answer")));
    socket.once("error", reject);
  });
}
