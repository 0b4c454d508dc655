/** What config/examples says of GitLab and GitHub is true of the stand-ins for them. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { SecretText } from "../../../src/core/secret-text.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { httpBench, NEVER_ABORTED } from "../../support/http-issuer/bench.ts";
import { FakeGitHub } from "../../support/http-issuer/github.ts";
import { FakeGitLab } from "../../support/http-issuer/gitlab.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../../config/examples");

interface Example {
  readonly issuers: Readonly<Record<string, { readonly type: string } & Readonly<Record<string, unknown>>>>;
  readonly tokens: Readonly<Record<string, { readonly request: Readonly<Record<string, unknown>> }>>;
}

function exampleOf(name: string, issuer: string, token: string) {
  const example = parse(readFileSync(join(EXAMPLES, name), "utf8")) as Example;
  const { type, ...options } = example.issuers[issuer] ?? expect.fail(`no issuer ${issuer}`);
  expect(type).toBe("http");
  return { options, request: example.tokens[token]?.request ?? expect.fail(`no token ${token}`) };
}

it("docs/http-issuer.md: the settings that it explains are good ones", () => {
  const text = readFileSync(resolve(EXAMPLES, "../../docs/http-issuer.md"), "utf8");
  const { issuers, tokens } = parse(/```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? "") as Example;
  const { type: _, ...options } = issuers["bureau"] ?? expect.fail("no issuer");
  const { request } = tokens["reports"] ?? expect.fail("no token");
  expect(httpBench(new FakeClock(), options, request).request).toMatchObject({
    roles: ["read", "write"],
    retire: true,
  });
});

it("gitlab.yaml: a token made by hand is proved, rotated and proved again", async () => {
  const clock = new FakeClock();
  await using server = new FakeGitLab(clock);
  await server.start();
  const { options, request } = exampleOf("gitlab.yaml", "gitlab", "gitlab-ci");
  const { issuer, orderOf } = httpBench(clock, { ...options, url: server.url }, request);
  const base = new SecretText(server.makeByHand(["api"], "2026-07-05").token);
  expect(await issuer.inspect(base, NEVER_ABORTED)).toMatchObject({ outcome: "proved" });
  const given = await issuer.request(orderOf({ kind: "renew", base }), NEVER_ABORTED);
  if (given.outcome !== "minted") return expect.fail(given.error.message);
  const proof = await issuer.inspect(given.token, NEVER_ABORTED);
  expect(proof).toMatchObject({ outcome: "proved", claims: { subject: issuer.account, expAt: given.expiresAt } });
  await issuer.probe([], NEVER_ABORTED);
  await issuer.close();
});

it("github-app.yaml: a token is asked for as the app, with the permissions of the settings", async () => {
  const clock = new FakeClock();
  await using server = new FakeGitHub(clock);
  await server.start();
  const { options, request } = exampleOf("github-app.yaml", "github", "git-sync");
  const jwt = { ...(options["jwt"] as object), key: { env: "APP_KEY" }, claims: { iss: server.appId } };
  const variables = { installation: String(server.installation) };
  const bench = httpBench(
    clock,
    { ...options, url: server.url, jwt },
    { ...request, variables },
    { APP_KEY: server.key },
  );
  const given = await bench.issuer.request(bench.orderOf(), NEVER_ABORTED);
  expect(given).toMatchObject({
    outcome: "minted",
    expiresAt: clock.now() + bench.request.lifetimeMs,
    scopes: Object.fromEntries(bench.request.roles.map((role) => [role, []])),
  });
  await bench.issuer.probe([], NEVER_ABORTED);
  await bench.issuer.close();
});
