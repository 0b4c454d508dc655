/** A daemon of many tokens, each at an issuer of its own that one thing goes wrong with, told of by every kind of channel. */
import Database from "better-sqlite3";
import { systemClock } from "../../src/runtime/clock.ts";
import { AlertSinks, CHANNEL_SECRETS } from "../support/alert-sink.ts";
import { makeSigningKey, type SigningKey } from "../support/flowauth/jwt.ts";
import { FakeFlowAuth } from "../support/flowauth/server.ts";
import { type Renewd, until } from "../support/process.ts";
import { Relay } from "../support/relay.ts";
import { type SecretsManagerFake, startSecretsManager } from "../support/secrets-manager/index.ts";
import { newPlace, type Place } from "./place.ts";

const key: SigningKey = makeSigningKey();
export const OPERATOR = "api-token-of-an-operator";
export const AWS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret-key-of-the-aws-account" };

/**
 * `slow`: late 8 s after its renewal is due, past its deadline after 42 s. `quick`: after 10 and 30 s, and expired after 48 s.
 * A channel that has had many calls gathers for 6 s: what is over by then it is never told.
 */
export type Tempo = "slow" | "quick";
const TEMPO = {
  slow: { lifetime: "4m", lifetimeMs: 240_000, renewBeforeMs: 64_000, hold: "10s", repair: "34s" },
  quick: { lifetime: "2m", lifetimeMs: 120_000, renewBeforeMs: 48_000, hold: "12s", repair: "20s" },
} as const;
/** Everything goes wrong before the first renewals are due: so many times as long as the daemon's start took. */
const STARTS = 8;
const [LEAD_LEAST_MS, LEAD_MOST_MS] = [14_000, 60_000];

export interface Ship {
  readonly token: string;
  readonly tempo?: Tempo;
  /** At AWS, as well as in a file. */
  readonly aws?: boolean;
  /** What the issuer already has; `absent`: none, and renewd may not make one. */
  readonly absent?: boolean;
  readonly team?: string;
}

/** What the API shows of a token, as far as these tests look. */
export interface Shown {
  readonly token: string;
  readonly ok: boolean;
  readonly newest: { readonly exp_at: string } | null;
  readonly schedule: { readonly renew_at: string; readonly deadline_at: string } | null;
  readonly targets: readonly { readonly target: string; readonly state: string; readonly deadline_at: string | null }[];
}

export class Fleet implements AsyncDisposable {
  readonly place: Place;
  readonly sinks: AlertSinks;
  readonly aws: SecretsManagerFake;
  readonly ships: readonly Ship[];
  readonly issuers = new Map<string, FakeFlowAuth>();
  readonly relays = new Map<string, Relay>();
  /** By `token/` and `token/target`: from when on readers would be in danger, as the API said while all was well. */
  readonly deadlines = new Map<string, number>();
  daemon!: Renewd;
  /** How long after they are declared the first renewals are due. */
  #leadMs: number = LEAD_MOST_MS;

  constructor(place: Place, sinks: AlertSinks, aws: SecretsManagerFake, ships: readonly Ship[]) {
    [this.place, this.sinks, this.aws, this.ships] = [place, sinks, aws, ships];
  }

  /** A daemon that runs, with every issuer and channel, and no token declared yet. */
  static async launch(ships: readonly Ship[]): Promise<Fleet> {
    const [place, sinks, aws] = await Promise.all([newPlace(), new AlertSinks().start(), startSecretsManager()]);
    const fleet = new Fleet(place, sinks, aws, ships);
    try {
      await fleet.#launch();
    } catch (thrown) {
      await fleet[Symbol.asyncDispose]();
      throw thrown;
    }
    return fleet;
  }

  async #launch(): Promise<void> {
    const { place } = this;
    for (const { token } of this.ships) {
      const server = new FakeFlowAuth(systemClock, key);
      await server.start();
      this.issuers.set(token, server);
      this.relays.set(token, await new Relay(server.url).start());
    }
    for (const [name, secret] of Object.entries(CHANNEL_SECRETS)) await place.write(name, secret);
    await place.write("flowbot.password", this.issuer(this.ships[0]?.token ?? "").account.password);
    await place.write("public_key.pem", key.publicPem);
    await place.write("ops.token", OPERATOR);
    await place.settings(this.#settings([]));
    const begunMs = performance.now();
    this.daemon = await place.daemon({ env: AWS });
    const startMs = Math.ceil(performance.now() - begunMs);
    this.#leadMs = Math.max(LEAD_LEAST_MS, Math.min(STARTS * startMs, LEAD_MOST_MS));
  }

  issuer(token: string): FakeFlowAuth {
    const found = this.issuers.get(token);
    if (found === undefined) throw new Error(`no issuer of ${token}`);
    return found;
  }

  relay(token: string): Relay {
    const found = this.relays.get(token);
    if (found === undefined) throw new Error(`no relay of ${token}`);
    return found;
  }

  /** Gives each token that is not absent to its issuer, soon to be renewed, and declares them all. */
  async declare(): Promise<void> {
    for (const { token, tempo = "slow", absent } of this.ships) {
      if (absent !== true) await this.addRow(token, tempo);
    }
    await this.place.settings(this.#settings(this.ships));
  }

  async addRow(token: string, tempo: Tempo): Promise<void> {
    const expAt = Date.now() + this.#leadMs + TEMPO[tempo].renewBeforeMs;
    await this.issuer(token).addRow({ name: nameOf(token), expAt, issuedAt: expAt - TEMPO[tempo].lifetimeMs });
  }

  async restart(): Promise<void> {
    await this.daemon.kill();
    this.daemon = await this.place.daemon({ env: AWS });
  }

  async status(): Promise<readonly Shown[]> {
    const answer = await fetch(`${this.place.url}/api/v1/tokens`, { headers: { authorization: `Bearer ${OPERATOR}` } });
    return ((await answer.json()) as { readonly tokens: readonly Shown[] }).tokens;
  }

  /** The keys of what the state says that the channel was told. */
  recorded(channel: string): ReadonlySet<string> {
    const database = new Database(this.place.stateFile, { readonly: true });
    try {
      const rows = database.prepare("select token, target, reason from tellings where channel = ?").all(channel);
      return new Set((rows as Record<string, string>[]).map((row) => `renewd/e2e/${Object.values(row).join("/")}`));
    } finally {
      database.close();
    }
  }

  /** Resolves once the target is proved to hold a token of ours, and remembers until when that serves. */
  async held(token: string, target: string): Promise<void> {
    const { schedule, at } = await until(`${token}/${target} holds a token`, async () => {
      const shown = (await this.status()).find((each) => each.token === token);
      const deadline = shown?.targets.find((each) => each.target === target)?.deadline_at;
      return shown?.schedule == null || deadline == null ? undefined : { schedule: shown.schedule, at: deadline };
    });
    this.deadlines.set(`${token}/`, Date.parse(schedule.deadline_at));
    this.deadlines.set(`${token}/${target}`, Date.parse(at));
  }

  /** A changing call of the API. */
  async act(path: string): Promise<number> {
    const answer = await fetch(`${this.place.url}/api/v1/tokens/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${OPERATOR}`, "content-type": "application/json" },
      body: "{}",
    });
    return answer.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
    await Promise.all([...this.relays.values()].map((relay) => relay.stop()));
    await Promise.all([...this.issuers.values()].map((issuer) => issuer.close()));
    await this.aws.close();
    await this.sinks[Symbol.asyncDispose]();
  }

  #settings(ships: readonly Ship[]): string {
    const issuers = [...this.relays].map(
      ([token, { url }]) => `  ${token}:
    { type: flowauth, url: "${url}", username: flowbot, password: { file: ../flowbot.password }, public_keys: [{ file: ../public_key.pem }], timeout: 5s }
`,
    );
    return `version: 1
instance: e2e
tick: "* * * * * *"
state: { url: "sqlite:../var/renewd.db" }
http:
  listen: 127.0.0.1:${this.place.httpPort}
  tokens: { ops: { role: operator, secret: { file: ../ops.token } } }
issuers:
${issuers.join("")}
stores:
  files: { type: file, directory: ../var/secrets }
  aws: { type: aws-secrets-manager, region: eu-west-1, endpoint: "${this.aws.url}" }
policies:
${Object.entries(TEMPO).map(policyOf).join("")}alerts:
  url: https://renewd.example.org
  channels:
${this.sinks.channels}
  routes:
    - { to: [hook, am, mail] }
${ships.length === 0 ? "" : "    - { to: [pager], severity: critical, match: { team: flight } }"}
tokens:
${ships.map(declarationOf).join("")}
`;
  }
}

export function nameOf(token: string): string {
  return `${token}.at.issuer`;
}

export function secretAtAws(token: string): string {
  return `airflow/variables/${token}`;
}

function policyOf([tempo, { renewBeforeMs, repair }]: [string, (typeof TEMPO)[Tempo]]): string {
  return `  ${tempo}: { renew_before: ${renewBeforeMs / 1_000}s, jitter: 0%, repair: ${repair} }\n`;
}

function declarationOf({ token, tempo = "slow", aws, absent, team = "ground" }: Ship): string {
  const { lifetime, hold } = TEMPO[tempo];
  const ireland = `      ireland: { store: aws, secret: "${secretAtAws(token)}", create: true, hold: ${hold}, propagation: 1s, observe: 1s }`;
  return `  ${token}:
    issuer: ${token}
    name: ${nameOf(token)}
    create: ${absent !== true}
    labels: { team: ${team} }
    policy: ${tempo}
    request: { server: flowapi-prod, roles: [runner, viewer], lifetime: ${lifetime} }
    targets:
      reader: { store: files, secret: ${token}, hold: ${hold}, observe: 1s }
${aws === true ? ireland : ""}
`;
}
