import { describe, expect, it } from "vitest";
import { http } from "../../../src/issuers/http/index.ts";
import { bureauOptions, githubOptions, githubRequest, gitlabOptions } from "./settings.ts";

const DAY = 86_400_000;
const URL = "https://issuer.example.org";
const bureau = http.options.parse(bureauOptions(URL));
const gitlab = http.options.parse(gitlabOptions(URL));

const withBody = (body: object): typeof bureau => ({ ...bureau, request: { ...bureau.request, body } });
const read = (options: typeof bureau, request: object) => http.readRequest(http.request.parse(request), options);
const flags = { user: null, server: null, roles: [], scopes: [], lifetime: null };

describe("a request", () => {
  it("becomes neutral: each scope is a role, sorted and without repeats", () => {
    expect(read(bureau, { roles: ["write", "read", "write"], lifetime: "30d" })).toEqual({
      lifetimeMs: 30 * DAY,
      roles: ["read", "write"],
      audience: null,
      subject: null,
      strategy: "replace",
      retire: false,
      detail: { variables: {} },
    });
  });

  it("names the audience of a JWT", () => {
    const verify = { type: "jwt", jwks_uri: `${URL}/keys`, algorithms: ["RS256"], audience: "world" } as const;
    const options = { ...bureau, verify: { ...verify, algorithms: [...verify.algorithms] } };
    expect(read(options, { roles: ["read"], lifetime: "1d" }).audience).toBe("world");
  });

  it.each([
    [{ a: "{{lifetime_days}}" }, "36h", DAY],
    [{ a: "{{lifetime_minutes}}" }, "90s", 60_000],
    [{ a: "{{lifetime_seconds}}" }, "1.5s", 1_000],
    [{ a: "{{expires_at}}" }, "90s", 90_000],
    // A date is granted up to a day before the end, so a day less is counted on.
    [{ a: "{{expires_date}}" }, "30d", 29 * DAY],
  ])("counts on no more of its lifetime than %j surely grants: %s", (body, lifetime, lifetimeMs) => {
    expect(read(withBody({ ...body, r: "{{roles}}" }), { roles: ["read"], lifetime }).lifetimeMs).toBe(lifetimeMs);
  });

  it.each([
    [{ a: "{{lifetime_days}}" }, "23h"],
    [{ a: "{{expires_date}}" }, "47h"],
  ])("is refused when its lifetime is too short for %j: %s", (body, lifetime) => {
    expect(() => read(withBody(body), { lifetime })).toThrow("too short for the units");
  });

  it("may leave its lifetime out where the requests can, and not where they cannot", () => {
    expect(read(bureau, { roles: ["read"] }).lifetimeMs).toBe(Infinity);
    expect(() => read(withBody({ a: "in {{lifetime_days}} days" }), {})).toThrow("`lifetime` is required");
  });

  it("has no lifetime where nothing tells when a token expires", () => {
    const mute = { ...bureau, answer: { token: "/t", success: [200] }, verify: { type: "opaque" } as const };
    expect(() => read(mute, { roles: ["read"], lifetime: "1d" })).toThrow(
      "nothing tells when a token of this issuer expires",
    );
    expect(read(mute, { roles: ["read"] }).lifetimeMs).toBe(Infinity);
  });

  it.each<[typeof bureau, object, string]>([
    [bureau, {}, "`roles` is required"],
    [bureau, { roles: ["read"], variables: { project: "1" } }, "`variables.project` is used in no request"],
    [withBody({ p: "{{variables.project}}" }), {}, "`variables.project` is required"],
    [withBody({ p: "{{variables.constructor}}" }), {}, "`variables.constructor` is required"],
    [gitlab, { retire: true, lifetime: "30d" }, "`retire` needs"],
    [withBody({ r: "{{roles_object}}" }), { roles: ["contents"] }, "name:level"],
  ])("that does not fit is refused: %#", (options, request, words) => {
    expect(() => read(options, request)).toThrow(words);
    expect(() => read(options, request)).toThrow(expect.objectContaining({ code: "settings_invalid" }));
  });
});

describe("flags", () => {
  it("describe a request: roles and scopes are the same here", () => {
    const described = http.describe({ ...flags, roles: ["write"], scopes: ["read"], lifetime: "7d" }, bureau);
    expect(read(bureau, described as object)).toMatchObject({ roles: ["read", "write"], lifetimeMs: 7 * DAY });
    expect(http.describe(flags, gitlab)).toEqual({ roles: [] });
  });

  it.each<[typeof bureau, object, string]>([
    [bureau, { user: "me", scopes: ["read"] }, "--user"],
    [bureau, { server: "s", scopes: ["read"] }, "--server"],
    [bureau, {}, "--scope is required"],
    [withBody({ a: "for {{lifetime_days}} days" }), {}, "--lifetime is required"],
    [
      http.options.parse(githubOptions(URL)),
      { scopes: ["contents:read"] },
      "{{variables.installation}}, which has no flag",
    ],
  ])("that say too little, or what means nothing here, are wrong usage: %#", (options, given, words) => {
    expect(() => http.describe({ ...flags, ...given }, options)).toThrow(words);
    expect(() => http.describe({ ...flags, ...given }, options)).toThrow(expect.objectContaining({ code: "usage" }));
  });

  it("have no preset to name", () => expect(http.presets(bureau)).toEqual([]));
});

describe("the identity of a token", () => {
  const identity = (options: typeof bureau, request: object, name = "ci"): string =>
    http.identity(options, http.request.parse(request), name);

  it("is where it is asked for, whose it is, its name and its variables, in any order", () => {
    const variables = { a: "1", b: "2" };
    expect(identity(bureau, { variables })).toBe(`${URL}|robot|ci|[["a","1"],["b","2"]]`);
    expect(identity(bureau, { variables: { b: "2", a: "1" } })).toBe(identity(bureau, { variables }));
  });

  it("does not change with what is asked for", () => {
    expect(identity(bureau, { roles: ["a"], lifetime: "1d" })).toBe(identity(bureau, { roles: ["b"], lifetime: "2d" }));
    expect(identity(bureau, githubRequest)).not.toBe(identity(bureau, {}));
    expect(identity(bureau, {}, "other")).not.toBe(identity(bureau, {}));
  });
});
