/** renewd as an operator runs it: a process of its own with the embedded issuer, and API tokens to sign in with. */
import Database from "better-sqlite3";
import { newPlace, freePort, type Place } from "../e2e/place.ts";
import { claimsOf } from "../e2e/reader.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { until } from "../support/process.ts";

export const TOKEN = "airflow-flowapi";
/** Declared by `declareStranger`, into a file that is there before. */
export const STRANGER = "stranger";
export const SECRETS = { viewer: "browser-viewer-5d1f", operator: "browser-operator-77ac" } as const;

export interface Site extends AsyncDisposable {
  readonly place: Place;
  readonly url: string;
  /** What the consumer reads. */
  held(): Promise<Held>;
  /** What `renewd dashboard` prints. */
  link(): Promise<string>;
  /** Whether the issuer puts a scope into tokens from now on. */
  setScope(scope: string, isEnabled: boolean): void;
  declareStranger(): Promise<void>;
}

export interface Held {
  readonly fingerprint: string;
  readonly expAt: number;
  readonly lifetimeSeconds: number;
}

export async function startSite(): Promise<Site> {
  const place = await newPlace();
  for (const [role, secret] of Object.entries(SECRETS)) await place.write(`${role}.token`, `${secret}\n`);
  const declared = settings(place.httpPort, await freePort());
  await place.settings(declared);
  const daemon = await place.daemon();
  await daemon.event("renewal:settled");
  return {
    place,
    url: place.url,
    held: async () => {
      const text = (await place.read()).trim();
      const { iat, exp } = claimsOf(text);
      return { fingerprint: new SecretText(text).fingerprint, expAt: exp * 1_000, lifetimeSeconds: exp - iat };
    },
    link: async () => {
      const { stdout } = await place.run("dashboard");
      return until("a sign-in link", () => /http:\S+\/sign-in\?code=\S+/.exec(stdout)?.[0]);
    },
    setScope: (scope, isEnabled) => {
      const issuer = new Database(place.path("var/issuer/issuer.db"));
      issuer.prepare("update scope set enabled = ? where name = ?").run(Number(isEnabled), scope);
      issuer.close();
    },
    declareStranger: async () => {
      await place.settings(declared + stranger());
      daemon.signal("SIGHUP");
      await daemon.event("incident:opened", { where: ({ reason }) => reason === "not_owned" });
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

function settings(httpPort: number, issuerPort: number): string {
  return `version: 1
instance: browser
tick: "* * * * * *"
state: { url: "sqlite:../var/renewd.db" }
http:
  listen: 127.0.0.1:${httpPort}
  tokens:
    viewer: { role: viewer, secret: { file: ../viewer.token } }
    operator: { role: operator, secret: { file: ../operator.token } }
issuers:
  local:
    type: embedded
    listen: 127.0.0.1:${issuerPort}
    db: ../var/issuer/issuer.db
    username: flowbot
    seed:
      servers: [{ name: flowapi-local, max_life: 1d }]
      roles:
        - { server: flowapi-local, name: viewer, max_life: 1d, scopes: [get_result] }
        - { server: flowapi-local, name: runner, max_life: 1d, scopes: [run] }
      users:
        - name: flowbot
          roles: [{ server: flowapi-local, role: viewer }, { server: flowapi-local, role: runner }]
stores:
  files: { type: file, directory: ../var/secrets }
policies:
  default: { renew_before: 50%, jitter: 0%, repair: 10s }
tokens:
  ${TOKEN}:
    issuer: local
    name: ${TOKEN}
    create: true
    request: { server: flowapi-local, roles: [runner, viewer], lifetime: 20m }
    targets:
      airflow: { store: files, secret: FLOWAPI_TOKEN, hold: 20s }
`;
}

function stranger(): string {
  return `  ${STRANGER}:
    issuer: local
    name: ${STRANGER}
    create: true
    request: { server: flowapi-local, roles: [viewer], lifetime: 20m }
    targets:
      reader: { store: files, secret: STRANGER, hold: 20s }
`;
}
