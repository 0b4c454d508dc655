import { SecretText } from "../../../src/core/secret-text.ts";
import { http } from "../../../src/issuers/http/index.ts";
import { type IssuerSubject, type IssuerTraits, issuerContract } from "../../contracts/issuer.ts";
import { IssuerFront } from "../../contracts/issuer-front.ts";
import { issuerTypeContract } from "../../contracts/issuer-type.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { httpBench } from "../../support/http-issuer/bench.ts";
import { FakeBureau } from "../../support/http-issuer/bureau.ts";
import { FakeGitHub } from "../../support/http-issuer/github.ts";
import { FakeGitLab } from "../../support/http-issuer/gitlab.ts";
import type { JsonServer } from "../../support/http-issuer/json-server.ts";
import {
  bureauByGivenKey,
  bureauByPublishedKey,
  bureauOptions,
  githubOptions,
  githubRequest,
  gitlabMint,
  gitlabOptions,
} from "./settings.ts";

interface Made {
  readonly server: JsonServer & { readonly rows: readonly unknown[] };
  readonly options: (url: string) => unknown;
  readonly request: unknown;
  readonly secrets: Readonly<Record<string, string>>;
  readonly impossible: IssuerSubject["impossible"];
  readonly isGood: (token: string) => boolean;
  readonly hideProof: (front: IssuerFront, secrets: Map<string, string>) => void;
}

const OTHER_POWERS = { roles: ["admin:write"], lifetimeMs: 3_600_000 } as const;

async function subjectOf(clock: FakeClock, made: Made): Promise<IssuerSubject> {
  const { server } = made;
  await server.start();
  const front = new IssuerFront({
    backend: () => server.url,
    callOf: (method, path) => (/rotate|access_tokens?$|^\/tokens$/.test(path) && method === "POST" ? "make" : path),
    making: ["make"],
    refusal: (words) => ({ status: 403, json: { message: words } }),
  });
  await front.start();
  const { issuer, request, secrets } = httpBench(clock, made.options(front.url), made.request, made.secrets);
  return {
    issuer,
    clock,
    request,
    name: "ci",
    otherName: "another",
    impossible: made.impossible.map((each) => ({ ...each, request: { ...request, ...each.request } })),
    secrets: Object.values(made.secrets),
    get calls() {
      return front.calls;
    },
    made: () => server.rows.length,
    isGood: (token) => made.isGood(token.reveal()),
    misbehave: (way) => front.misbehave(way),
    hideProof: () => made.hideProof(front, secrets),
    hideSecrets: () => secrets.clear(),
    stop: () => front.stop(),
    close: async () => {
      await issuer.close();
      await front.stop();
      await server.close();
    },
  };
}

const TRAITS: IssuerTraits = {
  capabilities: { lists: false, overlap: "kept", secret: "given", keeps: true },
  finds: "nothing",
  kinds: ["mint", "renew"],
  retires: true,
  proof: "asking",
  grainMs: 1_000,
  endless: true,
  comments: false,
  time: "shared",
  foresees: false,
};

issuerTypeContract(http, {
  options: bureauOptions("https://bureau.example.org"),
  request: { roles: ["write", "read"], lifetime: "2h" },
  endless: true,
  misfits: [
    { roles: [], lifetime: "2h" },
    { roles: ["read"], lifetime: "2h", variables: { idle: "1" } },
  ],
  flags: { roles: ["write"], scopes: ["read"] },
  wrongFlags: [{ user: "me" }, { server: "s" }, { roles: [], scopes: [] }],
  otherTokens: [{ roles: ["read"], lifetime: "2h", variables: { project: "52" } }],
});

issuerContract(
  "the http client, against a stand-in for GitLab,",
  // Its expiries are dates, so no lifetime is exactly what was asked for.
  {
    ...TRAITS,
    capabilities: { ...TRAITS.capabilities, overlap: "none" },
    retires: false,
    resembles: true,
    grainMs: null,
    endless: false,
  },
  () => {
    const clock = new FakeClock();
    const server = new FakeGitLab(clock);
    return subjectOf(clock, {
      server,
      options: (url) => ({ ...gitlabOptions(url), ...gitlabMint }),
      request: { roles: ["read_api", "self_rotate"], lifetime: "30d" },
      secrets: { ADMIN: server.admin },
      impossible: [{ kind: "renew", base: new SecretText("glpat-none-of-ours") }, { kind: "renew" }],
      isGood: (token) => server.isActive(server.rowOf(token)),
      hideProof: (front) => front.cut("/api/v4/personal_access_tokens/self"),
    });
  },
);

issuerContract(
  "the http client, against a stand-in for GitHub,",
  { ...TRAITS, proof: "none", grainMs: null, endless: false },
  () => {
    const clock = new FakeClock();
    const server = new FakeGitHub(clock);
    return subjectOf(clock, {
      server,
      options: githubOptions,
      request: githubRequest,
      secrets: { APP_KEY: server.key },
      impossible: [{ request: OTHER_POWERS as never }],
      isGood: (token) => server.isGood(token),
      hideProof: () => undefined,
    });
  },
);

const bureau =
  (options: (url: string) => unknown, hideProof: Made["hideProof"], endless = false): (() => Promise<IssuerSubject>) =>
  () => {
    const clock = new FakeClock();
    const server = new FakeBureau(clock);
    server.endless = endless;
    return subjectOf(clock, {
      server,
      options,
      request: { roles: ["write", "read"], lifetime: "2h" },
      secrets: { API_KEY: server.apiKey, PUBLIC_KEY: server.publicPem },
      impossible: [{ request: OTHER_POWERS as never }],
      isGood: (token) => server.isGood(token),
      hideProof,
    });
  };

issuerContract(
  "the http client, against an issuer that is asked about its tokens,",
  TRAITS,
  bureau(bureauOptions, (front) => front.cut("/tokens/current"), true),
);

issuerContract(
  "the http client, against an issuer that publishes its keys,",
  { ...TRAITS, proof: "published_key", retires: false, endless: false },
  bureau(bureauByPublishedKey, (front) => front.cut("/keys")),
);

issuerContract(
  "the http client, with a public key of the settings,",
  { ...TRAITS, proof: "key", retires: false, endless: false },
  bureau(bureauByGivenKey, (_, secrets) => void secrets.delete("PUBLIC_KEY")),
);
