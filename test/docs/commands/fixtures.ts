/** What the reader of each page has before it begins: settings, secrets, and somebody at the other end. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { DAY_MS } from "../../../src/core/duration.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { FakeArvados } from "../../support/arvados/server.ts";
import { FakeFlowAuth } from "../../support/flowauth/server.ts";
import { makeSigningKey } from "../../support/flowauth/jwt.ts";
import { type SecretsManagerFake, startSecretsManager } from "../../support/secrets-manager/index.ts";
import type { Workshop } from "./workshop.ts";

export interface Surroundings extends AsyncDisposable {
  /** What a person pastes, by the name that the page's comment gives it. */
  readonly typed: Readonly<Record<string, string>>;
  /** Further looks at what the page has done. */
  readonly after?: () => Promise<void>;
}

const key = makeSigningKey();

const NOTHING: Surroundings = { typed: {}, [Symbol.asyncDispose]: () => Promise.resolve() };

/** FlowAuth at https://flowauth.example.org; `minted`: with a token that somebody made by hand. */
async function atFlowAuth(shop: Workshop, minted = false): Promise<Surroundings> {
  const server = new FakeFlowAuth(systemClock, key);
  for (const role of server.roles) role.longestMinutes = 90 * 24 * 60;
  await server.start();
  const now = Date.now();
  if (minted) await server.addRow({ name: "airflow-flowapi", issuedAt: now - DAY_MS, expAt: now + 29 * DAY_MS });
  shop.lead("https://flowauth.example.org", server.url);
  await shop.settle();
  return {
    typed: { password: `${server.account.password}\n`, "public key": key.publicPem },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function onAws(shop: Workshop): Promise<Surroundings> {
  const [around, aws] = await Promise.all([atFlowAuth(shop, true), startSecretsManager()]);
  Object.assign(shop.env, awsVariables(aws));
  return {
    ...around,
    after: async () => {
      const page = await readFile(join(shop.checkout, "docs/airflow-on-aws.md"), "utf8");
      const allowed = page.match(/"secretsmanager:\w+"/g) ?? [];
      for (const { action } of aws.calls) expect(allowed).toContain(`"secretsmanager:${action}"`);
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all([around[Symbol.asyncDispose](), aws.close()])),
  };
}

function awsVariables(aws: SecretsManagerFake): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "not-a-real-secret",
  };
}

/** A host that is set up as docs/install.md says and renews a token of FlowAuth's into a folder. */
async function installed(shop: Workshop, issuers = ""): Promise<Surroundings> {
  const around = await atFlowAuth(shop, true);
  await shop.write("/etc/renewd/secrets/flowauth_password", around.typed["password"] ?? "");
  await shop.write("/etc/renewd/secrets/flowauth_public_key.pem", around.typed["public key"] ?? "");
  await shop.write("/etc/renewd/renewd.yaml", INSTALLED.replace("issuers:\n", `issuers:\n${issuers}`));
  await shop.settle();
  shop.env["RENEWD_CONFIG"] = shop.localised("/etc/renewd/renewd.yaml");
  await shop.run("renewd run", null);
  return around;
}

const INSTALLED = `version: 1
instance: prod
tick: "* * * * * *"
state: { url: "sqlite:/var/lib/renewd/renewd.db" }
http: { listen: "127.0.0.1:8080" }
issuers:
  flowauth:
    type: flowauth
    url: https://flowauth.example.org
    username: flowbot
    password: { file: /etc/renewd/secrets/flowauth_password }
    public_keys: [{ file: /etc/renewd/secrets/flowauth_public_key.pem }]
stores:
  files: { type: file, directory: /etc/renewd/tokens }
tokens:
  airflow-flowapi:
    issuer: flowauth
    create: true
    request: { server: flowapi-prod, roles: [viewer, runner], lifetime: 30d }
    targets:
      airflow: { store: files, secret: FLOWAPI_TOKEN, hold: 6h }
`;

/** The same host, where a cluster of Arvados' is declared, too. */
async function withArvados(shop: Workshop): Promise<Surroundings> {
  const cluster = new FakeArvados({ clock: systemClock });
  await cluster.start();
  await shop.write("/etc/renewd/secrets/root", cluster.rootToken);
  const around = await installed(
    shop,
    `  cluster: { type: arvados, url: "${cluster.url}", token: { file: /etc/renewd/secrets/root } }\n`,
  );
  return {
    ...around,
    [Symbol.asyncDispose]: async () => void (await Promise.all([around[Symbol.asyncDispose](), cluster.close()])),
  };
}

/** The log of a daemon that renewed once, kept as the page says. */
async function withLog(shop: Workshop): Promise<Surroundings> {
  const around = await installed(shop);
  await shop.run("renewd renew airflow-flowapi", null);
  await shop.stop();
  await shop.write("renewd.log", shop.log);
  const [renewal] = /(?<="renewal":")\w+/.exec(shop.log) ?? [];
  shop.env["RENEWAL"] = renewal ?? "";
  await shop.write("renewd.yaml", INSTALLED);
  const page = await readFile(join(shop.checkout, "docs/logs.md"), "utf8");
  await shop.write("tracing.mjs", /^```js\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? "");
  await shop.settle();
  return around;
}

const PAGES: Readonly<Record<string, (shop: Workshop) => Promise<Surroundings>>> = {
  "docs/first-token.md": async (shop) => {
    await shop.withoutRenewd();
    return atFlowAuth(shop);
  },
  "docs/airflow-on-aws.md": onAws,
  "docs/disaster.md": (shop) => installed(shop),
  "docs/upgrade.md": (shop) => installed(shop),
  "docs/logs.md": withLog,
  "docs/operating.md": withArvados,
  "docs/sign-in.md": (shop) => installed(shop),
  "docs/airflow-on-kubernetes.md": (shop) => atFlowAuth(shop),
};

export function surroundingsOf(page: string, shop: Workshop): Promise<Surroundings> {
  return PAGES[page]?.(shop) ?? Promise.resolve(NOTHING);
}
