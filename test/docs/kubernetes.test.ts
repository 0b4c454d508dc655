/** deploy/kubernetes and deploy/airflow fit each other, renewd's settings and renewd itself, which is run as the Deployment says. */
import { readFileSync } from "node:fs";
import { mkdir, readFile, rename, stat, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { systemClock } from "../../src/runtime/clock.ts";
import { freePort, newPlace, PATIENT, type Place } from "../e2e/place.ts";
import { makeSigningKey } from "../support/flowauth/jwt.ts";
import { FakeFlowAuth } from "../support/flowauth/server.ts";
import { type Renewd, until } from "../support/process.ts";

vi.setConfig(PATIENT);

const DEPLOY = resolve(import.meta.dirname, "../../deploy");
const text = (name: string): string => readFileSync(join(DEPLOY, name), "utf8");

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  readonly subPath?: string;
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean; readonly allowPrivilegeEscalation: boolean };
  readonly volumeMounts: readonly Mount[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
}
interface Endpoint {
  readonly path: string;
  readonly authorization: { readonly credentials: { readonly name: string; readonly key: string } };
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template?: { readonly metadata: { readonly labels: unknown }; readonly spec: Pod };
    readonly endpoints?: readonly [Endpoint];
  };
}
interface Pod {
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
  readonly terminationGracePeriodSeconds: number;
  readonly initContainers: readonly Container[];
  readonly containers: readonly [Container];
  readonly volumes: readonly Volume[];
}
interface Settings {
  readonly state: { readonly url: string };
  readonly http: { readonly listen: string };
  readonly stores: { readonly airflow: { readonly directory: string } };
  readonly tokens: Record<
    string,
    { readonly targets: Record<string, { readonly secret: string; readonly key: string }> }
  >;
}

const kustomization = parse(text("kubernetes/kustomization.yaml")) as {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { readonly name: string; readonly files: readonly string[] }[];
};
const manifests = ["volumes", "deployment", "service", "network-policy", "service-monitor"].flatMap((name) =>
  parseAllDocuments(text(`kubernetes/${name}.yaml`)).map((each) => each.toJS() as Manifest),
);
const find = (kind: string): Manifest => {
  const found = manifests.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};
const deployment = find("Deployment");
const { template } = deployment.spec;
if (template === undefined) throw new Error("the Deployment has no template");
const pod = template.spec;
const [renewd] = pod.containers;
const settingsText = text("kubernetes/renewd.yaml");
const settings = parse(settingsText) as Settings;
const claims = manifests.filter(({ kind }) => kind === "PersistentVolumeClaim").map(({ metadata }) => metadata.name);
const mountOf = (path: string): Mount | undefined =>
  renewd.volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
const statePath = settings.state.url.replace(/^sqlite:/, "");

describe("the manifests", () => {
  it("are all taken in, but for what needs the Prometheus operator", () => {
    expect(kustomization.resources).toEqual(["volumes.yaml", "deployment.yaml", "service.yaml", "network-policy.yaml"]);
    expect(kustomization.configMapGenerator).toEqual([{ name: "renewd-settings", files: ["renewd.yaml"] }]);
  });

  it("run one daemon, and none beside another", () => {
    expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: "Recreate" } });
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(20);
  });

  it("let nothing be root, and nothing be written but the volumes", () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    for (const { securityContext } of [...pod.containers, ...pod.initContainers])
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
  });

  it("mount what is there, as folders", () => {
    const volumes = new Map(pod.volumes.map((each) => [each.name, each]));
    for (const { name, subPath } of [...pod.containers, ...pod.initContainers].flatMap((each) => each.volumeMounts)) {
      expect(volumes.get(name)).toBeDefined();
      expect(subPath).toBeUndefined();
    }
    const claimed = pod.volumes.flatMap((each) => each.persistentVolumeClaim?.claimName ?? []);
    expect(claimed.toSorted()).toEqual(claims.toSorted());
    expect(pod.volumes.flatMap((each) => each.configMap?.name ?? [])).toEqual(["renewd-settings"]);
  });

  it("give the settings what they name: the file itself, writable places, secrets", () => {
    expect(renewd.env).toEqual([
      { name: "RENEWD_CONFIG", value: `${mountOf("/etc/renewd/x")?.mountPath}/renewd.yaml` },
    ]);
    for (const path of [statePath, `${settings.stores.airflow.directory}/x`]) {
      expect(mountOf(path)).toMatchObject({ mountPath: expect.any(String) as string });
      expect(mountOf(path)?.readOnly).toBeUndefined();
    }
    const secrets = [...settingsText.matchAll(/file: ([^ }]+)/g)].map(([, path]) => path ?? "");
    for (const path of secrets) expect(mountOf(path)?.name).toBe("secrets");
    const page = readFileSync(resolve(DEPLOY, "../docs/airflow-on-kubernetes.md"), "utf8");
    for (const path of secrets) expect(page).toContain(`secrets/${path.split("/").at(-1)}`);
    const [endpoint] = find("ServiceMonitor").spec.endpoints ?? [];
    const credentials = endpoint?.authorization.credentials;
    expect(credentials?.name).toBe(pod.volumes.find(({ secret }) => secret)?.secret?.secretName);
    expect(secrets).toContain(`/run/secrets/renewd/${credentials?.key}`);
  });

  it("agree on the port", () => {
    const port = Number(settings.http.listen.split(":").at(-1));
    expect(renewd.ports).toEqual([{ name: "http", containerPort: port }]);
    expect(find("Service").spec).toMatchObject({ ports: [{ name: "http", port, targetPort: "http" }] });
    expect(find("ServiceMonitor").spec).toMatchObject({ endpoints: [{ port: "http", path: "/metrics" }] });
    expect(find("NetworkPolicy").spec).toMatchObject({ ingress: [{ ports: [{ protocol: "TCP", port }] }] });
  });

  it("select the same pods", () => {
    const { labels } = template.metadata;
    expect(deployment.spec).toMatchObject({ selector: { matchLabels: labels } });
    expect(find("Service").spec).toMatchObject({ selector: labels });
    expect(find("NetworkPolicy").spec).toMatchObject({ podSelector: { matchLabels: labels } });
    expect(find("ServiceMonitor").spec).toMatchObject({ selector: { matchLabels: labels } });
  });
});

describe("Airflow's values", () => {
  const values = parse(text("airflow/values.yaml")) as {
    readonly config: { readonly secrets: { readonly backend: string; readonly backend_kwargs: string } };
    readonly volumes: readonly Volume[];
    readonly volumeMounts: readonly Mount[];
  };

  it("lead to the file that renewd writes, read-only", () => {
    const [volume] = values.volumes;
    const [mount] = values.volumeMounts;
    const ours = mountOf(settings.stores.airflow.directory);
    const claim = pod.volumes.find(({ name }) => name === ours?.name)?.persistentVolumeClaim?.claimName;
    expect(volume?.persistentVolumeClaim).toEqual({ claimName: claim, readOnly: true });
    expect(mount).toMatchObject({ name: volume?.name, readOnly: true });
    const { secret, key } = settings.tokens["airflow-flowapi"]?.targets["variables"] ?? {};
    const below = settings.stores.airflow.directory.replace(ours?.mountPath ?? "", "");
    expect(JSON.parse(values.config.secrets.backend_kwargs)).toEqual({
      variables_file_path: `${mount?.mountPath}${below}/${secret}`,
    });
    expect(key).toBe("FLOWAPI_TOKEN");
  });
});

describe("the container, run here", () => {
  let place: Place;
  let flowauth: FakeFlowAuth;
  let daemon: Renewd;
  let port: number;
  const machine = (path: string): string => place.path(`machine${path}`);

  beforeAll(async () => {
    const key = makeSigningKey();
    [place, port, flowauth] = [await newPlace(), await freePort(), new FakeFlowAuth(systemClock, key)];
    await flowauth.start();
    await flowauth.addRow({ name: "airflow-flowapi", issuedAt: Date.now(), expAt: Date.now() + 28 * 86_400_000 });
    const secrets = "/run/secrets/renewd";
    await place.write(`machine${secrets}/flowauth_password`, flowauth.account.password);
    await place.write(`machine${secrets}/flowauth_public_key.pem`, key.publicPem);
    for (const name of ["state_key", "metrics_token"])
      await place.write(`machine${secrets}/${name}`, Buffer.from(name.padEnd(32)).toString("base64"));
    await mkdir(machine("/var/lib/renewd"), { recursive: true });
    await mkdir(machine(settings.stores.airflow.directory), { recursive: true });
    const here = settingsText
      .replaceAll(/(?<=sqlite:|file: |directory: )\//g, machine("/"))
      .replace("0.0.0.0:8080", `127.0.0.1:${port}`)
      .replace("https://flowauth.example.org", flowauth.url)
      .replace("*/30 * * * * *", "* * * * * *");
    await project(here, "..1");
    await symlink("..data/renewd.yaml", machine("/etc/renewd/renewd.yaml"));
    const env = Object.fromEntries((renewd.env ?? []).map(({ name, value }) => [name, machine(value)]));
    daemon = place.launch(renewd.args ?? [], { env });
    await daemon.event("daemon:started");
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await flowauth.close();
  });

  it.each(["startupProbe", "livenessProbe", "readinessProbe"] as const)("answers its %s", async (probe) => {
    const { path, port: name } = renewd[probe]?.httpGet ?? {};
    expect(name).toBe("http");
    await until("the probe is answered", async () => (await fetch(`http://127.0.0.1:${port}${path}`)).ok);
  });

  it("writes what Airflow reads, for Airflow's user too", async () => {
    const file = machine(`${settings.stores.airflow.directory}/variables.json`);
    const read = await until("the token is there", () => readFile(file, "utf8"));
    expect(JSON.parse(read)).toEqual({ FLOWAPI_TOKEN: flowauth.rows[0]?.token });
    expect((await stat(file)).mode & 0o777).toBe(0o644);
  });

  it("gives its metrics to whoever has the token of the ServiceMonitor", async () => {
    const path = find("ServiceMonitor").spec.endpoints?.[0].path ?? "";
    const secret = await readFile(machine("/run/secrets/renewd/metrics_token"), "utf8");
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers });
    expect((await ask({ authorization: `Bearer ${secret}` })).status).toBe(200);
    expect((await ask({})).status).toBe(401);
  });

  it("takes settings that the kubelet swaps under it", async () => {
    const before = await readFile(machine("/etc/renewd/renewd.yaml"), "utf8");
    await project(before.replace("repair: 24h", "repair: 23h"), "..2");
    await daemon.event("settings:loaded");
  });

  /** As a kubelet does with a ConfigMap: the name leads to a folder that is replaced as a whole. */
  async function project(content: string, version: string): Promise<void> {
    await place.write(`machine/etc/renewd/${version}/renewd.yaml`, content);
    await symlink(version, machine("/etc/renewd/..data_tmp"));
    await rename(machine("/etc/renewd/..data_tmp"), machine("/etc/renewd/..data"));
  }
});
