/** What somebody can do about a node that cannot be reached, where more is known than that nobody answers. */
import { TandaError } from "../task/errors.ts";

/** Why a connection to a node that stops is of no use: it takes nothing new. */
export const DRAINING = "it is draining";
export const NOT_TANDA = "it does not speak Tanda's lines";

/** How a node with `--listen ADDR,proxy` refuses whoever comes without its balancer. */
const WANTS_PROXY = "a PROXY header is required";
/** How a node with a certificate refuses plain text from other machines. */
const TLS_ALONE = "only TLS is spoken here";
/** What Node says of a certificate whose signer it does not know. */
const UNKNOWN_SIGNER = /SELF_SIGNED_CERT|UNABLE_TO_(?:GET|VERIFY)/;

export function adviceOn(reason: Error): string | null {
  if (reason.message === DRAINING)
    return "It is stopping, on purpose: ask another node, or this one after its start.";
  if (reason.message === NOT_TANDA) return "Another program listens there.";
  if (reason.message.includes(WANTS_PROXY)) return "Only its balancer may connect there: ask the balancer.";
  const { code } = reason as { code?: unknown };
  if (typeof code === "string" && UNKNOWN_SIGNER.test(code))
    return "Who signed its certificate is not known here: --ca FILE (`ca` of connect) or NODE_EXTRA_CA_CERTS=FILE names that certificate.";
  if (code === "CERT_HAS_EXPIRED")
    return "Renew the certificate of that node: it is taken without a restart. Are both clocks right?";
  if (reason.message.includes(TLS_ALONE)) return "That node speaks only TLS: write tandas:// or https://.";
  return null;
}

export function unansweredError(reason: Error): TandaError {
  return new TandaError("unavailable", `The connection was lost before the answer: ${reason.message}`, {
    hint: "It may have been done; look before you ask again.",
    cause: reason,
  });
}
