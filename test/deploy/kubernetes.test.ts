/** The manifests: what they must have, and that they fit together. No cluster is asked. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { checkListen } from "../../src/gateway/listen.ts";
import { DEFAULT_OPTIONS } from "../../src/node/options.ts";
import { DEPLOY, ownPackage, readDocuments, readYaml, secretFiles, tellNode, type Env } from "./told.ts";

type Labels = Record<string, string>;
type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };
type Container = {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly securityContext: unknown;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
};
type Volume = {
  readonly name: string;
  readonly emptyDir?: object;
  readonly secret?: { readonly secretName: string };
};
type Pod = {
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly securityContext: Record<string, unknown>;
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly [Container];
  readonly volumes: readonly Volume[];
};
type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Env;
  readonly stringData?: Env;
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly template?: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
    readonly podSelector?: { readonly matchLabels?: Labels };
    readonly policyTypes?: readonly string[];
    readonly type?: string;
    readonly ports?: readonly { readonly targetPort: string }[];
  };
};
type Kustomization = {
  readonly resources: readonly string[];
  readonly images: readonly { name: string; newTag: string }[];
};

const FOLDER = join(DEPLOY, "kubernetes");
const EXAMPLE = "secret.example.yaml";
const kustomization = readYaml("kubernetes/kustomization.yaml") as Kustomization;
const manifests = kustomization.resources.flatMap(
  (name) => readDocuments(`kubernetes/${name}`) as Manifest[],
);
const [example] = readDocuments(`kubernetes/${EXAMPLE}`) as Manifest[];
const ofKind = (kind: string): Manifest[] => manifests.filter((one) => one.kind === kind);
const settings = ofKind("ConfigMap")[0]!.data!;
const podOf = ({ spec }: Manifest): Pod => spec!.template!.spec;
const labelsOf = ({ spec }: Manifest): Labels => spec!.template!.metadata.labels;
const isWithin = (labels: Labels, all: Labels): boolean =>
  Object.entries(labels).every(([name, value]) => all[name] === value);
const envOf = ({ env = [] }: Container): Env => ({
  ...settings,
  ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
});

describe("the manifests of Kubernetes", () => {
  const deployments = ofKind("Deployment");
  const pods = [...deployments, ...ofKind("Job")];

  test("kustomization.yaml has every file but the example of a secret, and this version", () => {
    const files = readdirSync(FOLDER).filter((name) => name !== EXAMPLE && name !== "kustomization.yaml");
    assert.deepEqual([...kustomization.resources].sort(), files.sort());
    assert.deepEqual(
      kustomization.images.map(({ newTag }) => newTag),
      [ownPackage.version],
    );
    assert.equal(ofKind("Job")[0]!.metadata.name, `tanda-migrate-${ownPackage.version.replaceAll(".", "-")}`);
    for (const { kind, metadata } of manifests)
      if (kind !== "Namespace") assert.equal(metadata.namespace, "tanda");
  });

  test("each node is told what it knows, and has its token from the secret", () => {
    for (const deployment of deployments) {
      const [container] = podOf(deployment).containers;
      const env = envOf(container);
      const { listen } = tellNode(env);
      assert.deepEqual(
        container.ports!.map(({ containerPort }) => containerPort),
        listen.map(({ port }) => port),
      );
      assert.equal(deployment.metadata.name, `tanda-${env["TANDA_ROLES"]}`);
    }
  });

  test("what is read from the secret is in it, where the pods mount it", () => {
    const keys = Object.keys(example!.stringData!);
    const read = [...secretFiles(settings)].sort();
    assert.deepEqual(read, keys.map((key) => `/run/secrets/tanda/${key}`).sort());
    for (const pod of pods.map(podOf)) {
      const secret = pod.volumes.find((volume) => volume.secret)!;
      assert.equal(secret.secret!.secretName, example!.metadata.name);
      const mount = pod.containers[0].volumeMounts.find(({ name }) => name === secret.name)!;
      assert.equal(mount.mountPath, "/run/secrets/tanda");
    }
  });

  test("the example's token is none that a node would take", () => {
    assert.throws(
      () => checkListen([{ host: "0.0.0.0", port: 9000, proxy: false }], example!.stringData!["token"]!),
      /shorter than 16/,
    );
  });

  test("pods run as nobody in particular, on a root they cannot write, without rights", () => {
    for (const manifest of pods) {
      const pod = podOf(manifest);
      const [container] = pod.containers;
      assert.equal(pod.securityContext["runAsNonRoot"], true);
      assert.deepEqual(pod.securityContext["seccompProfile"], { type: "RuntimeDefault" });
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      assert.equal(pod.automountServiceAccountToken, false);
      // Else a Service would set variables that begin with TANDA_.
      assert.equal(pod.enableServiceLinks, false);
      const written = container.volumeMounts.filter(({ name }) =>
        pod.volumes.some((one) => one.name === name && one.emptyDir),
      );
      assert.deepEqual(written.map(({ mountPath }) => mountPath).sort(), ["/data", "/tmp"]);
      assert.ok(container.resources.requests["cpu"] && container.resources.limits["memory"]);
    }
  });

  test("a pod is alive while it answers, and gets clients while it is ready", () => {
    for (const [container] of deployments.map((one) => podOf(one).containers)) {
      assert.deepEqual(container.startupProbe!.httpGet, { path: "/healthz", port: "tanda" });
      assert.deepEqual(container.livenessProbe!.httpGet, { path: "/healthz", port: "tanda" });
      assert.deepEqual(container.readinessProbe!.httpGet, { path: "/readyz", port: "tanda" });
      assert.equal(container.ports![0]!.name, "tanda");
    }
  });

  test("a pod has longer to end than its pause and its drain take", () => {
    for (const pod of deployments.map(podOf)) {
      const [container] = pod.containers;
      const [, pause] = container.lifecycle!.preStop.exec.command;
      const { drainMs = DEFAULT_OPTIONS.drainMs } = tellNode(envOf(container));
      assert.ok(pod.terminationGracePeriodSeconds! * 1000 >= Number(pause) * 1000 + drainMs + 10_000);
    }
  });

  test("budgets, the Service, the autoscaler and the policies mean pods that there are", () => {
    const all = deployments.map(labelsOf);
    for (const deployment of deployments) {
      assert.ok(isWithin(deployment.spec!.selector!.matchLabels!, labelsOf(deployment)));
      const budgets = ofKind("PodDisruptionBudget").filter(({ spec }) =>
        isWithin(spec!.selector!.matchLabels!, labelsOf(deployment)),
      );
      assert.equal(budgets.length, 1, deployment.metadata.name);
    }
    const [service] = ofKind("Service");
    assert.equal(service!.spec!.type, "ClusterIP");
    assert.deepEqual(
      deployments
        .filter((one) => isWithin(service!.spec!.selector!, labelsOf(one)))
        .map(({ metadata }) => metadata.name),
      ["tanda-gateway"],
    );
    const [scaler] = ofKind("HorizontalPodAutoscaler");
    const scaled = deployments.find(({ metadata }) => metadata.name === scaler!.spec!.scaleTargetRef!.name)!;
    assert.equal(scaled.spec!.replicas, undefined, "else each `apply` would undo what the autoscaler did");
    for (const { metadata, spec } of ofKind("NetworkPolicy")) {
      const { matchLabels } = spec!.podSelector!;
      if (matchLabels)
        assert.ok(
          all.some((labels) => isWithin(matchLabels, labels)),
          metadata.name,
        );
      else assert.deepEqual(spec!.policyTypes, ["Ingress", "Egress"], "all is closed but what is named");
    }
  });

  test("tables are migrated by this image before pods need them", () => {
    const [container] = podOf(ofKind("Job")[0]!).containers;
    assert.deepEqual(container.args, ["migrate", "up"]);
    assert.ok("TANDA_STORE" in envOf(container));
    const order = kustomization.resources;
    assert.ok(order.indexOf("migrate.yaml") < order.indexOf("gateway.yaml"));
  });
});
