/**
 * Airflow itself reads what a renewd that runs beside it writes: its own backends, set as the pages tell, and its own
 * command line and tasks. FlowAuth and Secrets Manager are the stand-ins of test/support.
 */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { file } from "../../src/stores/file/index.ts";
import { openStore, targetAt } from "../contracts/store.ts";
import { newPlace, type Place } from "../e2e/place.ts";
import { settingsOf } from "../e2e/settings.ts";
import { startStandIn } from "../e2e/stand-in.ts";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import { until } from "../support/process.ts";
import { type SecretsManagerFake, startSecretsManager } from "../support/secrets-manager/index.ts";
import { Airflow, type AirflowReader, backendOf, type Environment, inBackend } from "./airflow-install.ts";
import { clientUnderTest } from "./peer.ts";

/** Each start of Airflow's command line takes seconds, and on a busy machine many. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const KEY = "FLOWAPI_TOKEN";
const SECRET = `airflow/variables/${KEY}`;
const CONNECTION = "airflow/connections/flowapi";
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "not-a-real-secret" };
const REPLACED_TIMES = 60;

let airflow: Airflow;
let place: Place;
let flowauth: FakeFlowAuth;
let aws: SecretsManagerFake;
const readers: AirflowReader[] = [];

beforeAll(async () => {
  [airflow, place, aws] = await Promise.all([Airflow.make(clientUnderTest().bin), newPlace(), startSecretsManager()]);
  flowauth = await startStandIn(place);
  const SecretString = JSON.stringify({ conn_type: "http", host: "flowapi.example.org", extra: { verify: true } });
  aws.vault.act("CreateSecret", { Name: CONNECTION, SecretString, ClientRequestToken: "a".repeat(32) });
  await place.settings(
    settingsOf(place, {
      url: flowauth.url,
      stores: `  aws: { type: aws-secrets-manager, region: eu-west-1, endpoint: "${aws.url}" }`,
      targets: `      variable: { store: aws, secret: ${SECRET}, create: true, hold: 20s, propagation: 5s }
      connection: { store: aws, secret: ${CONNECTION}, key: password, hold: 20s, propagation: 5s }
      json: { store: files, secret: variables.json, key: ${KEY}, mode: "0644", hold: 20s }
      dotenv: { store: files, secret: variables.env, format: dotenv, key: ${KEY}, mode: "0644", hold: 20s }`,
    }),
  );
  const daemon = await place.daemon({ env: CREDENTIALS });
  await daemon.event("renewal:settled");
});

afterAll(async () => {
  await Promise.all(readers.map((each) => each.close()));
  await place[Symbol.asyncDispose]();
  await Promise.all([flowauth.close(), aws.close(), airflow.remove()]);
});

/** As docs/airflow-on-aws.md tells, but for the address. */
function onAws(other: Readonly<Record<string, unknown>> = {}): Environment {
  const { backend, kwargs } = backendOf("airflow-on-aws.md");
  return { ...CREDENTIALS, ...inBackend({ backend, kwargs: { ...kwargs, endpoint_url: aws.url, ...other } }) };
}

/** As docs/airflow-on-kubernetes.md tells, but for the file. */
function onFile(variables_file_path: string): Environment {
  const { backend } = backendOf("airflow-on-kubernetes.md");
  return inBackend({ backend, kwargs: { variables_file_path } });
}

function reader(environment: Environment): AirflowReader {
  const made = airflow.reader(environment);
  readers.push(made);
  return made;
}

async function renewed(): Promise<string> {
  const before = await place.read();
  expect(await place.renew("airflow-flowapi")).toMatchObject({ code: 0, stderr: "" });
  const after = await place.read();
  expect(after).not.toBe(before);
  return after;
}

const fingerprint = (token: string): string => createHash("sha256").update(token).digest("hex").slice(0, 16);

describe("SecretsManagerBackend", () => {
  let process: AirflowReader;
  beforeAll(() => {
    process = reader(onAws({ connections_prefix: "airflow/connections" }));
  });

  it("has what renewd wrote and, after a renewal, the new one, as the page's own command shows", async () => {
    const page = await readFile(resolve(import.meta.dirname, "../../docs/airflow-on-aws.md"), "utf8");
    const command = /^airflow variables get .*sha256sum.*$/m.exec(page)?.[0] ?? "";
    expect(await airflow.shell(command, onAws())).toBe(`${fingerprint(await place.read())}\n`);
    const after = await renewed();
    expect(await airflow.shell(command, onAws())).toBe(`${fingerprint(after)}\n`);
  });

  it("comes before Airflow's environment and database, which are asked without a word where it has none", async () => {
    const token = await place.read();
    await process.inDatabase(KEY, "of the database");
    await process.inEnvironment(`AIRFLOW_VAR_${KEY}`, "of the environment");
    expect(await process.variable(KEY)).toBe(token);
    for (const name of ["ResourceNotFoundException", "InvalidRequestException", "AccessDeniedException"]) {
      aws.fault("GetSecretValue", { kind: "error", name });
      expect([name, await process.variable(KEY)]).toEqual([name, "of the environment"]);
    }
    await process.inEnvironment(`AIRFLOW_VAR_${KEY}`, null);
    aws.fault("GetSecretValue", { kind: "error", name: "ResourceNotFoundException" });
    expect(await process.variable(KEY)).toBe("of the database");
    expect(await process.variable(KEY)).toBe(token);
    expect(await process.variable(KEY.toLowerCase())).toBeNull();
  });

  it("is passed over where nobody says which region, though the AWS SDK of others is told by AWS_REGION", async () => {
    const astray = reader({ ...onAws({ region_name: undefined }), AWS_REGION: "eu-west-1" });
    await astray.inEnvironment(`AIRFLOW_VAR_${KEY}`, "of the environment");
    expect(await astray.variable(KEY)).toBe("of the environment");
  });

  it("gives a connection the token as its password, and leaves the rest of it", async () => {
    const connection = { login: null, host: "flowapi.example.org", extra: { verify: true } };
    expect(await process.connection("flowapi")).toEqual({ ...connection, password: await place.read() });
    const after = await renewed();
    expect(await process.connection("flowapi")).toEqual({ ...connection, password: after });
  });
});

describe.each(["json", "env"])("LocalFilesystemBackend on variables.%s", (extension) => {
  let folder: string;
  let process: AirflowReader;
  beforeAll(async () => {
    folder = place.path(`var/${extension}`);
    await symlink("secrets", folder);
    process = reader(onFile(join(folder, `variables.${extension}`)));
  });

  it("has the new one after a renewal, in a process that goes on running", async () => {
    expect(await process.variable(KEY)).toBe(await place.read());
    const after = await renewed();
    expect(await process.variable(KEY)).toBe(after);
  });

  it("never sees half a file while it is replaced again and again", async () => {
    const name = `variables.${extension}`;
    await rm(folder);
    await mkdir(folder);
    // So long that a reader would meet it half written, were it written in place.
    const others = "x".repeat(400_000);
    await writeFile(join(folder, name), extension === "json" ? JSON.stringify({ OTHERS: others }) : `OTHERS=${others}`);
    const format = { kind: extension === "json" ? "json" : "dotenv", key: KEY } as const;
    const target = openStore(file, { directory: folder }).open(targetAt({ secret: name }, format));
    const tokens = [await place.read(), await renewed()];
    const write = async (round: number): Promise<void> => {
      const signal = AbortSignal.timeout(60_000);
      const { version } = await target.observe(signal);
      await target.write(new SecretText(tokens[round % 2] ?? ""), { version, adopt: false, signal });
    };
    await write(0);
    expect(await process.variable(KEY)).toBe(tokens[0]);
    const { reads, seen, failures } = await process.whileReading(KEY, async () => {
      for (let round = 1; round <= REPLACED_TIMES; round += 1) await write(round);
    });
    expect({ seen: seen.toSorted(), failures }).toEqual({ seen: tokens.toSorted(), failures: [] });
    expect(reads).toBeGreaterThan(REPLACED_TIMES / 10);
  });
});

describe("a pipeline", () => {
  it("keeps the token that a task began with, has the new one in its next, and as parsed what it reads at the top", async () => {
    const out = place.path("out");
    await mkdir(out);
    await copyFile(join(import.meta.dirname, "airflow-dag.py"), join(airflow.home, "dags/reads.py"));
    const before = await place.read();
    const line = "airflow dags test reads_flowapi_token 2026-01-01 >&2";
    const played = airflow.shell(line, { ...onAws(), RENEWD_PEER_OUT: out });
    let after = "";
    try {
      await Promise.race([played, until("the long task runs", () => stat(join(out, "started")), 120_000)]);
      after = await renewed();
    } finally {
      await writeFile(join(out, "renewed"), "");
      await played;
    }
    const got = async (name: string): Promise<string> => {
      const text = await readFile(join(out, name), "utf8");
      return text === before ? "the old one" : text === after ? "the new one" : text;
    };
    expect({
      "long task, begun before": await got("long-before"),
      "long task, after the renewal": await got("long-after"),
      "later task": await got("later"),
      "read at the top of the file": await got("early"),
    }).toEqual({
      "long task, begun before": "the old one",
      "long task, after the renewal": "the old one",
      "later task": "the new one",
      "read at the top of the file": "the old one",
    });
  });
});
