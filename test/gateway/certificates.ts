/** Certificates that openssl makes, signed by an authority of their own, in a folder that goes with the test. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export type Pair = { readonly cert: string; readonly key: string };

export class Certificates implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tanda-certificates-"));
  readonly caFile = join(this.folder, "ca.pem");
  readonly #caKey = join(this.folder, "ca-key.pem");
  #count = 0;

  constructor() {
    openssl(
      "req",
      "-x509",
      ...CURVE,
      "-keyout",
      this.#caKey,
      "-out",
      this.caFile,
      "-days",
      "2",
      "-subj",
      "/CN=ours",
    );
  }

  get ca(): string {
    return readFileSync(this.caFile, "utf8");
  }

  /** Files of a new pair for localhost. @param days until it expires; `name` is its subject. */
  make(name: string, days = 90): Pair {
    const stem = join(this.folder, `pair-${++this.#count}`);
    const [cert, key, asked, more] = [`${stem}.pem`, `${stem}-key.pem`, `${stem}.csr`, `${stem}.ext`];
    writeFileSync(more, "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n");
    openssl("req", ...CURVE, "-keyout", key, "-out", asked, "-subj", `/CN=${name}`);
    const by = ["-CA", this.caFile, "-CAkey", this.#caKey, "-CAcreateserial"];
    openssl("x509", "-req", "-in", asked, ...by, "-out", cert, "-days", String(days), "-extfile", more);
    return { cert, key };
  }

  /** Where a node looks, as if the pair had been put there. */
  place(pair: Pair): Pair {
    const placed = { cert: join(this.folder, "node.pem"), key: join(this.folder, "node-key.pem") };
    this.exchange(pair.cert, placed.cert);
    this.exchange(pair.key, placed.key);
    return placed;
  }

  /** At once, as whoever renews certificates does. */
  exchange(from: string, to: string): void {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** As a gateway takes them. */
export function textsOf({ cert, key }: Pair): Pair {
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}
