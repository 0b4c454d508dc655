import { readFile } from "node:fs/promises";
import { FakeRandom } from "../support/fake-random.ts";
import type { Renewd } from "../support/process.ts";
import { type SecretsManagerFake, startSecretsManager } from "../support/secrets-manager/index.ts";
import { fillIssuer, PASSWORD, serveIssuer } from "../e2e/issuer-process.ts";
import { freePort, newPlace, type Place } from "../e2e/place.ts";
import { IssuerProxy } from "./issuer-proxy.ts";
import type { Berth } from "./readers.ts";
import { settingsOf, SHARED_SECRET } from "./site-settings.ts";

const STOP_AT: string = new URL("stop-at.ts", import.meta.url).href;
const API_TOKEN = "operator-of-the-chaos-run";
const AWS_SECRET_KEY = "not-a-real-secret-of-aws";
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: AWS_SECRET_KEY };
/** A reload hook that writes down what it was told. */
const HOOK =
  'require("node:fs").appendFileSync(process.argv[2], process.env.RENEWD_IDEMPOTENCY_KEY + " " + Date.now() + "\\n");';

/** What must be nowhere but where it was put, besides every token. */
export const SECRETS: ReadonlyMap<string, string> = new Map([
  ["the password", PASSWORD],
  ["the API token", API_TOKEN],
  ["the key of AWS", AWS_SECRET_KEY],
]);

export interface SiteOptions {
  readonly issuer: "apart" | "embedded";
  /** Of the tokens; minutes, as FlowAuth counts. */
  readonly lifetime?: string;
  /** The state's folder, relative to the place's. */
  readonly stateFolder?: string;
}

/** One daemon's surroundings, which outlive it: issuer, stores, consumers. */
export class Site implements AsyncDisposable {
  readonly place: Place;
  readonly aws: SecretsManagerFake;
  /** Null where the issuer is embedded. */
  readonly proxy: IssuerProxy | null;
  readonly publicPem: string;
  readonly berths: readonly Berth[];

  constructor(place: Place, aws: SecretsManagerFake, proxy: IssuerProxy | null, publicPem: string) {
    this.place = place;
    this.aws = aws;
    this.proxy = proxy;
    this.publicPem = publicPem;
    this.berths = berthsOf(place, aws);
  }

  /** The daemon, begun and not waited for; at `stopAt` it kills itself. */
  start(stopAt?: string): Renewd {
    const env: Record<string, string> = { ...CREDENTIALS, TMPDIR: this.place.path("tmp") };
    if (stopAt !== undefined) {
      env["NODE_OPTIONS"] = `--import=${STOP_AT}`;
      env["RENEWD_CHAOS_STOP"] = stopAt;
    }
    return this.place.start(["run", "--allow-commands"], { env });
  }

  /** Asks for a renewal as an operator does; false while the daemon cannot be asked, or refuses. */
  async wish(token: string): Promise<boolean> {
    const answer = await this.#post(`/api/v1/tokens/${token}/renew`);
    return answer?.status === 202;
  }

  /** As `renewd status --json` has it; throws while the daemon cannot be asked. */
  async status(): Promise<readonly unknown[]> {
    const answer = await this.#get("/api/v1/tokens");
    return ((await answer.json()) as { readonly tokens: readonly unknown[] }).tokens;
  }

  async metrics(): Promise<string> {
    return (await this.#get("/metrics")).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy?.quiet();
    await this.place[Symbol.asyncDispose]();
    await this.proxy?.[Symbol.asyncDispose]();
    await this.aws.close();
  }

  #get(path: string): Promise<Response> {
    return fetch(this.place.url + path, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  }

  async #post(path: string): Promise<Response | undefined> {
    const headers = { authorization: `Bearer ${API_TOKEN}`, "content-type": "application/json" };
    return fetch(this.place.url + path, { method: "POST", headers, body: "{}" }).catch(() => undefined);
  }
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const [place, aws] = await Promise.all([newPlace(), startSecretsManager()]);
  await fillIssuer(place);
  await place.write("ops.token", API_TOKEN);
  await place.write("tmp/keep", "");
  await place.write("var/secrets/shared.json", '{\n  "OTHER": "a neighbour"\n}\n');
  await place.write("var/secrets/app.env", "OTHER=a-neighbour\n");
  const hook = await place.write("hook.cjs", HOOK);
  const issuer = await serveIssuer(place);
  const publicPem = await readFile(place.path("public_key.pem"), "utf8");
  const isApart = options.issuer === "apart";
  if (!isApart) await issuer.process.stop();
  const proxy = isApart ? await IssuerProxy.start(issuer.url) : null;
  const { lifetime, stateFolder = "var" } = options;
  const around = { issuerUrl: proxy?.url ?? null, issuerPort: await freePort(), awsUrl: aws.url, hook };
  await place.settings(settingsOf(place, { ...around, lifetime, stateFolder }));
  aws.vault.act("CreateSecret", {
    Name: SHARED_SECRET,
    ClientRequestToken: new FakeRandom(1).hex(16),
    SecretString: '{"OTHER":"a neighbour"}',
  });
  return new Site(place, aws, proxy, publicPem);
}

function berthsOf(place: Place, aws: SecretsManagerFake): readonly Berth[] {
  const holdMs = 10_000;
  const file = async (name: string): Promise<string | null> =>
    readFile(place.path(`var/secrets/${name}`), "utf8").catch(() => null);
  const key = (json: string | null): string | null =>
    (JSON.parse(json ?? "{}") as Readonly<Record<string, string>>)["TOKEN"] ?? null;
  const secret = (name: string): string | null => (hasSecret(aws, name) ? aws.vault.text(name) : null);
  return [
    { name: "alpha/file", holdMs, read: () => file("ALPHA") },
    { name: "bravo/secret", holdMs, read: async () => secret("bravo") },
    { name: "charlie/file", holdMs, read: async () => key(await file("shared.json")) },
    { name: "charlie/secret", holdMs, read: async () => key(secret(SHARED_SECRET)) },
    {
      name: "delta/file",
      holdMs: 5_000,
      read: async () => /^TOKEN=(.*)$/m.exec((await file("app.env")) ?? "")?.[1] ?? null,
    },
  ];
}

function hasSecret(aws: SecretsManagerFake, name: string): boolean {
  try {
    return aws.vault.versions(name) !== undefined;
  } catch {
    return false;
  }
}
