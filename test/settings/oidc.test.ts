import { expect, test } from "vitest";
import { edited, parse, positionOf, problemsOf } from "./support.ts";

const LISTEN = "  listen: 127.0.0.1:8080\n";
const LEAST = {
  issuer: "https://id.example.org/realms/main",
  client_id: "renewd",
  redirect_url: "https://renewd.example.org/sign-in/oidc/callback",
  operators: ["ops"],
};

/** The settings with this sign-in, in JSON's form, which YAML reads. */
function withOidc(change: Readonly<Record<string, unknown>> = {}, names = "[Renewd.Example.org]"): string {
  const oidc = JSON.stringify({ ...LEAST, ...change });
  return edited(LISTEN, `${LISTEN}  names: ${names}\n  oidc: ${oidc}\n`);
}

test("needs little, and has defaults for the rest", () => {
  expect(parse(withOidc()).http?.oidc).toEqual({
    issuer: "https://id.example.org/realms/main",
    clientId: "renewd",
    clientSecret: null,
    auth: "client_secret_basic",
    redirectUrl: "https://renewd.example.org/sign-in/oidc/callback",
    scopes: ["openid"],
    claim: "groups",
    operators: ["ops"],
    viewers: [],
    label: "id.example.org",
    ca: null,
    proxy: null,
    timeoutMs: 10_000,
  });
  expect(parse(edited(LISTEN, LISTEN)).http?.oidc).toBeNull();
});

test("takes all that can be said, and asks for openid once", () => {
  const all = {
    client_secret: { file: "/run/secrets/oidc" },
    auth: "client_secret_post",
    scopes: ["groups", "openid", "groups"],
    claim: "realm_access.roles",
    viewers: ["staff"],
    label: "the company's account",
    ca: { file: "./ca.pem" },
    proxy: "http://proxy.example.org:3128",
    timeout: "5s",
  };
  expect(parse(withOidc(all)).http?.oidc).toMatchObject({
    clientSecret: { file: "/run/secrets/oidc" },
    auth: "client_secret_post",
    scopes: ["openid", "groups"],
    claim: "realm_access.roles",
    viewers: ["staff"],
    label: "the company's account",
    ca: { file: "/etc/renewd/ca.pem" },
    proxy: "http://proxy.example.org:3128",
    timeoutMs: 5_000,
  });
});

test("may speak plain HTTP within this machine alone, whose names need no declaration", () => {
  const local = { issuer: "http://localhost:9000", redirect_url: "http://127.0.0.1:8080/sign-in/oidc/callback" };
  expect(parse(withOidc(local, "[]")).http?.oidc).toMatchObject({ label: "localhost:9000" });
});

test.each<readonly [string, Readonly<Record<string, unknown>>, string, RegExp]>([
  ["a provider in the clear", { issuer: "http://id.example.org" }, "issuer", /is not an OpenID provider's name/],
  ["a provider with a query", { issuer: "https://id.example.org/?x=1" }, "issuer", /is not an OpenID provider's name/],
  [
    "the address of the provider's document",
    { issuer: "https://id.example.org/.well-known/openid-configuration" },
    "issuer",
    /is not an OpenID provider's name/,
  ],
  [
    "an address for answers that is in the clear",
    { redirect_url: "http://renewd.example.org/sign-in/oidc/callback" },
    "redirect_url",
    /own address for answers/,
  ],
  [
    "an address for answers that is another page",
    { redirect_url: "https://renewd.example.org/" },
    "redirect_url",
    /own address for answers/,
  ],
  [
    "an address for answers at a name that is not known",
    { redirect_url: "https://other.example.org/sign-in/oidc/callback" },
    "redirect_url",
    /does not go by/,
  ],
  ["nobody who may come in", { operators: [] }, "operators", /lets nobody in/],
  ["two scopes in one", { scopes: ["openid email"] }, "scopes", /is not one scope/],
  ["a call without an end", { timeout: "1h" }, "timeout", /too long/],
  ["a proxy of another kind", { proxy: "socks://proxy" }, "proxy", /is not a proxy/],
  ["a key that is none", { audience: "x" }, "audience", /unknown|not known|no key/i],
])("refuses %s, and says where", (_, change, name, message) => {
  const text = withOidc(change);
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.path).toContain(`http.oidc`);
  expect(problems[0]?.path).toContain(name);
  expect(problems[0]?.message).toMatch(message);
  expect(problems[0]?.line).toBe(positionOf(text, "  oidc:").line);
});

test.each([
  { issuer: "https://u:hunter2-Qz81@id.example.org" },
  { redirect_url: "https://u:hunter2-Qz81@renewd.example.org/sign-in/oidc/callback" },
  { proxy: "http://u:hunter2-Qz81@proxy" },
  { client_secret: "hunter2-Qz81" },
])("repeats no password: %j", (change) => {
  const problems = problemsOf(withOidc(change));
  expect(problems).not.toEqual([]);
  expect(JSON.stringify(problems)).not.toContain("hunter2");
});
