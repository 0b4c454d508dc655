import { decodeJwt } from "jose";
import { type IssuerSubject, type IssuerTraits, issuerContract } from "../../contracts/issuer.ts";
import { IssuerFront } from "../../contracts/issuer-front.ts";
import { issuerTypeContract } from "../../contracts/issuer-type.ts";
import { oauth2 } from "../../../src/issuers/oauth2/index.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { benchOf, governDates } from "../../support/oauth2/bench.ts";
import { AUDIENCE, clientKey, OidcServer, SECRET } from "../../support/oauth2/provider.ts";

const CALLS: Readonly<Record<string, string>> = {
  "/token": "token",
  "/token/introspection": "introspect",
  "/token/revocation": "revoke",
  "/jwks": "keys",
};

interface Setting {
  readonly auth: string;
  /** Given the address of the server. */
  readonly options: (url: string) => object;
  readonly request: object;
  readonly hides: string;
}

async function subjectOf({ auth, options, request, hides }: Setting): Promise<IssuerSubject> {
  const clock = new FakeClock();
  const dates = governDates(clock);
  const server = new OidcServer();
  const front = new IssuerFront({
    backend: () => server.url,
    callOf: (_, path) => CALLS[path] ?? "discover",
    making: ["token"],
    refusal: (words) => ({ status: 400, json: { error: "invalid_request", error_description: words } }),
  });
  await front.start();
  await server.start(front.url);
  const bench = benchOf({ auth, ...options(front.url) }, clock);
  const asked = bench.request(request);
  return {
    issuer: bench.issuer,
    clock,
    request: asked,
    name: "airflow-api",
    otherName: "another",
    impossible: [{ request: { ...asked, roles: ["admin"] } }],
    secrets: [SECRET, clientKey.d ?? ""],
    get calls() {
      return front.calls;
    },
    made: () => server.made,
    isGood: (token) => {
      const text = token.reveal();
      return text.includes(".") ? Number(decodeJwt(text).exp) * 1_000 > clock.now() : server.knows(text);
    },
    misbehave: (way) => front.misbehave(way),
    hideProof: () => front.cut(hides),
    hideSecrets: () => bench.secrets.clear(),
    stop: () => front.stop(),
    close: async () => {
      await bench.issuer.close();
      await front.stop();
      await server.close();
      dates[Symbol.dispose]();
    },
  };
}

const TRAITS: IssuerTraits = {
  capabilities: { lists: false, overlap: "kept", secret: "given", keeps: false },
  finds: "nothing",
  kinds: ["mint", "renew"],
  retires: true,
  proof: "asking",
  grainMs: null,
  endless: false,
  comments: false,
  time: "shared",
  foresees: false,
};

issuerContract(
  "the oauth2 client of oidc-provider, for JWTs, by a private key,",
  { ...TRAITS, retires: false, proof: "published_key" },
  () =>
    subjectOf({
      auth: "private_key_jwt",
      options: (url) => ({ issuer: url, token_endpoint: `${url}/token`, jwks_uri: `${url}/jwks`, verify: "jwks" }),
      request: { resource: AUDIENCE, scope: ["write", "read"] },
      hides: "keys",
    }),
);

issuerContract("the oauth2 client of oidc-provider, for opaque tokens that it asks about,", TRAITS, () =>
  subjectOf({
    auth: "client_secret_basic",
    options: (url) => ({ issuer: url, verify: "introspection" }),
    request: { scope: ["write", "read"] },
    hides: "introspect",
  }),
);

issuerContract(
  "the oauth2 client of oidc-provider, for opaque tokens that nobody proves,",
  { ...TRAITS, proof: "none" },
  () =>
    subjectOf({
      auth: "client_secret_post",
      options: (url) => ({ issuer: url }),
      request: { scope: ["write", "read"] },
      hides: "nothing",
    }),
);

issuerTypeContract(oauth2, {
  options: { issuer: "https://idp.example", client_id: "renewd", client_secret: { file: "secret" } },
  request: { scope: ["write", "read", "read"], audience: AUDIENCE, lifetime: "1h", parameters: { tenant: "a" } },
  endless: true,
  misfits: [],
  flags: { scopes: ["read"], server: AUDIENCE },
  wrongFlags: [{ user: "root" }, { roles: ["viewer"] }],
  otherTokens: [{ scope: ["read"], audience: "https://other.example", lifetime: "1h" }],
});

issuerTypeContract(oauth2, {
  options: {
    token_endpoint: "https://idp.example/token",
    client_id: "renewd",
    auth: "private_key_jwt",
    private_key: { env: "KEY" },
  },
  request: { resource: AUDIENCE, lifetime: "1h" },
  endless: true,
  misfits: [{ retire: true, lifetime: "1h" }],
  flags: {},
  wrongFlags: [{ user: "root" }],
  otherTokens: [{ lifetime: "1h" }],
});
