import { parseDuration } from "../../src/core/duration.ts";
import { newPlace, type Place } from "../e2e/place.ts";
import { FakeRandom } from "../support/fake-random.ts";
import type { Renewd } from "../support/process.ts";
import { type SecretsManagerFake, startSecretsManager } from "../support/secrets-manager/index.ts";
import { type Berth, berthsOf, NEIGHBOURS } from "./berths.ts";
import type { IssuerProxy } from "./issuer-proxy.ts";
import type { Kind } from "./kinds.ts";
import { openSide } from "./sides/open-side.ts";
import type { IssuerSide } from "./sides/side.ts";
import { LIFETIME, settingsOf, SHARED_SECRET } from "./site-settings.ts";

const STOP_AT: string = new URL("stop-at.ts", import.meta.url).href;
const API_TOKEN = "operator-of-the-chaos-run";
const AWS_SECRET_KEY = "not-a-real-secret-of-aws";
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: AWS_SECRET_KEY };
/** A reload hook that writes down what it was told. */
const HOOK =
  'require("node:fs").appendFileSync(process.argv[2], process.env.RENEWD_IDEMPOTENCY_KEY + " " + Date.now() + "\\n");';

export interface SiteOptions {
  readonly issuer: Kind;
  /** Of the tokens; minutes, as FlowAuth counts. */
  readonly lifetime?: string;
  /** The state's folder, relative to the place's. */
  readonly stateFolder?: string;
}

/** The environment in which a process kills itself at a step. */
export function stoppingAt(step: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${STOP_AT}`, RENEWD_CHAOS_STOP: step };
}

/** One daemon's surroundings, which outlive it: issuer, stores, consumers. */
export class Site implements AsyncDisposable {
  readonly place: Place;
  readonly aws: SecretsManagerFake;
  readonly side: IssuerSide;
  readonly berths: readonly Berth[];
  /** When its daemons were seen to be dead. */
  readonly deaths: number[] = [];

  constructor(place: Place, aws: SecretsManagerFake, side: IssuerSide) {
    this.place = place;
    this.aws = aws;
    this.side = side;
    this.berths = berthsOf(place, aws, side);
  }

  /** Null where the issuer is embedded. */
  get proxy(): IssuerProxy | null {
    return this.side.proxy;
  }

  /** What must be nowhere but where it was put, besides every token. */
  get secrets(): ReadonlyMap<string, string> {
    return new Map([["the API token", API_TOKEN], ["the key of AWS", AWS_SECRET_KEY], ...this.side.secrets()]);
  }

  /** The daemon, begun and not waited for; at `stopAt` it kills itself. */
  start(stopAt?: string): Renewd {
    const env = { ...CREDENTIALS, TMPDIR: this.place.path("tmp"), ...(stopAt === undefined ? {} : stoppingAt(stopAt)) };
    const daemon = this.place.start(["run", "--allow-commands"], { env });
    void daemon.ended.then(() => this.deaths.push(Date.now()));
    return daemon;
  }

  /** Asks for a renewal as an operator does; false while the daemon cannot be asked, or refuses. */
  async wish(token: string, lifetimeMinutes?: number): Promise<boolean> {
    const answer = await this.#post(`/api/v1/tokens/${token}/renew`, { lifetime_minutes: lifetimeMinutes });
    return answer?.status === 202;
  }

  /** What a person says of a lost request; likewise. */
  async discard(token: string): Promise<boolean> {
    const answer = await this.#post(`/api/v1/tokens/${token}/discard`);
    return answer?.ok === true;
  }

  /** As `renewd status --json` has it; throws while the daemon cannot be asked. */
  async status(): Promise<readonly unknown[]> {
    const answer = await this.#get("/api/v1/tokens");
    return ((await answer.json()) as { readonly tokens: readonly unknown[] }).tokens;
  }

  /** All that it answers of itself: metrics, status and history. */
  async answers(): Promise<string> {
    const paths = ["/metrics", "/api/v1/tokens", "/api/v1/plan", "/api/v1/tokens/alpha/history"];
    const texts = await Promise.all(paths.map(async (path) => (await this.#get(path)).text()));
    return texts.join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy?.quiet();
    await this.place[Symbol.asyncDispose]();
    await this.side[Symbol.asyncDispose]();
    await this.aws.close();
  }

  #get(path: string): Promise<Response> {
    return fetch(this.place.url + path, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  }

  async #post(path: string, asked: object = {}): Promise<Response | undefined> {
    const headers = { authorization: `Bearer ${API_TOKEN}`, "content-type": "application/json" };
    return fetch(this.place.url + path, { method: "POST", headers, body: JSON.stringify(asked) }).catch(
      () => undefined,
    );
  }
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const { issuer, lifetime, stateFolder = "var" } = options;
  const [place, aws] = await Promise.all([newPlace(), startSecretsManager()]);
  await place.write("ops.token", API_TOKEN);
  await place.write("tmp/keep", "");
  await place.write("var/secrets/shared.json", NEIGHBOURS["shared.json"]);
  await place.write("var/secrets/app.env", NEIGHBOURS["app.env"]);
  const hook = await place.write("hook.cjs", HOOK);
  const side = await openSide(issuer, place, parseDuration(lifetime ?? LIFETIME) ?? 0);
  await place.settings(settingsOf(place, { side, awsUrl: aws.url, hook, lifetime, stateFolder }));
  aws.vault.act("CreateSecret", {
    Name: SHARED_SECRET,
    ClientRequestToken: new FakeRandom(1).hex(16),
    SecretString: NEIGHBOURS[SHARED_SECRET],
  });
  const site = new Site(place, aws, side);
  await putFirst(site);
  return site;
}

/** Where renewd can make no first token, somebody made it and put it there. */
async function putFirst({ side: { byHand }, berths }: Site): Promise<void> {
  if (byHand === null) return;
  for (const [name, mine] of Map.groupBy(berths, (berth) => berth.token)) {
    const token = byHand.make(name);
    for (const berth of mine) await berth.put(token);
  }
}
