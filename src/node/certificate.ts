/** A certificate and its key in files, read and held against each other. All refuse with bad_request that names the flag. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { wrong } from "./flag-values.ts";

/** Where they are. */
export type CertificateFiles = { readonly cert: string; readonly key: string };
/** In PEM. */
export type CertificatePair = { readonly cert: string; readonly key: string };

export function readCertificate(file: string): string {
  const cert = readFileSync(file, "utf8");
  read("--tls-cert", "certificate", () => new X509Certificate(cert));
  return cert;
}

export function readKey(file: string): string {
  const key = readFileSync(file, "utf8");
  read("--tls-key", "private key without a password", () => createPrivateKey(key));
  return key;
}

/** Also what was read while the files were being exchanged is one pair, or refused. */
export function readPair(files: CertificateFiles): CertificatePair {
  const [cert, key] = [readCertificate(files.cert), readKey(files.key)];
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw wrong("the key of --tls-key is not that of the certificate of --tls-cert");
  return { cert, key };
}

export function expiryOf(cert: string): number {
  return new X509Certificate(cert).validToDate.getTime();
}

function read(flag: string, what: string, parse: () => unknown): void {
  try {
    parse();
  } catch {
    throw wrong(`${flag} does not hold a ${what} in PEM form`);
  }
}
