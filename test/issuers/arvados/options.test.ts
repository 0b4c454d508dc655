import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RenewdError } from "../../../src/core/errors.ts";
import type { TokenFlags } from "../../../src/core/ports.ts";
import { arvados } from "../../../src/issuers/arvados/index.ts";

const least = { url: "https://zzzzz.example.org", token: { file: "/run/secrets/root" } };
const reader = { reason: "reads for a report", scopes: ["GET /", { scope: "HEAD /x", reason: "looks" }] };
const options = arvados.options.parse({ ...least, presets: { reader } });

function problem(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof RenewdError) return `${error.code} ${error.message}`;
    return error instanceof z.ZodError ? z.prettifyError(error) : expect.fail(String(error));
  }
  return expect.fail("it was accepted");
}

const request = (given: object) => arvados.request.parse(given);
const read = (given: object) => arvados.readRequest(request(given), options);

describe("the options of arvados", () => {
  it("need an address and a token; the rest has defaults", () => {
    expect(arvados.options.parse(least)).toEqual({ ...least, presets: {}, timeout: 10_000, max_response: 67_108_864 });
  });

  it.each([
    ["url", { url: "https://user:canary@zzzzz.example.org" }],
    ["without /arvados/v1", { url: "https://canary.example.org/arvados/v1" }],
    ["token", { token: "canary" }],
    ["reason", { presets: { mine: { scopes: ["all"] } } }],
    ["scopes", { presets: { mine: { reason: "r", scopes: [] } } }],
    ["scopes", { presets: { mine: { reason: "r", scopes: ["canary"] } } }],
    ["keep-balance is a preset of renewd's own", { presets: { "keep-balance": reader } }],
    ["presets", { presets: { "Not a name": reader } }],
    ["tokn", { tokn: {} }],
  ])("are refused with a wrong %s", (field, wrong) => {
    const message = problem(() => arvados.options.parse({ ...least, ...wrong }));
    expect(message).toContain(field);
    expect(message).not.toContain("canary");
  });
});

describe("the presets", () => {
  it("are those of the services, then those of the settings, each scope with its reason", () => {
    const presets = arvados.presets(options);
    expect(presets.map((preset) => preset.name)).toEqual(["keep-balance", "crunch-dispatch", "reader"]);
    for (const { scopes, reason } of presets) {
      expect(reason).toMatch(/./);
      for (const each of scopes) {
        expect(each.reason).toMatch(/./);
        expect(() => read({ scopes: [each.scope], force: true })).not.toThrow();
      }
    }
    expect(presets[2]?.scopes).toEqual([
      { scope: "GET /", reason: "reads for a report" },
      { scope: "HEAD /x", reason: "looks" },
    ]);
  });

  it("of keep-balance is the example of Arvados' feature 11153", () => {
    expect(read({ role: "keep-balance" }).roles).toEqual([
      "GET /arvados/v1/collections",
      "GET /arvados/v1/keep_services",
      "GET /arvados/v1/keep_services/accessible",
      "GET /arvados/v1/users/current",
      "POST /arvados/v1/logs",
    ]);
  });

  it("of crunch-dispatch is what the dispatcher and crunch-run call", () => {
    expect(read({ role: "crunch-dispatch" }).roles).toEqual([
      "GET /arvados/v1/api_client_authorizations/current",
      "GET /arvados/v1/containers",
      "GET /arvados/v1/containers/",
      "GET /arvados/v1/keep_services/accessible",
      "GET /arvados/v1/users/current",
      "PATCH /arvados/v1/collections/",
      "PATCH /arvados/v1/containers/",
      "POST /arvados/v1/collections",
      "POST /arvados/v1/containers/",
      "POST /arvados/v1/logs",
      "PUT /arvados/v1/collections/",
      "PUT /arvados/v1/containers/",
    ]);
  });
});

describe("a request", () => {
  it("becomes neutral: scopes as roles, sorted without repeats; root's uuid as root; no lifetime as no end", () => {
    expect(read({ scopes: ["PUT /x", "GET /y", "PUT /x"], user: "zzzzz-tpzed-000000000000000" })).toEqual({
      lifetimeMs: Infinity,
      roles: ["GET /y", "PUT /x"],
      audience: null,
      subject: "root",
      strategy: "replace",
      retire: false,
      detail: { form: "v2", user: "zzzzz-tpzed-000000000000000" },
    });
    expect(read({ role: "reader", lifetime: "90d", form: "v1", retire: true })).toMatchObject({
      lifetimeMs: 7_776_000_000,
      roles: ["GET /", "HEAD /x"],
      retire: true,
      detail: { form: "v1", user: "root" },
    });
  });

  it.each([
    ["both role and scopes", { role: "reader", scopes: ["all"] }, /either `role` or `scopes`/],
    ["neither", {}, /scopes: \[all\]/],
    ["no scopes", { scopes: [] }, /scopes/],
    ["a pair, as Arvados documents it", { scopes: [["GET", "/arvados/v1/collections"]] }, /Arvados stores a pair/],
    ["another method", { scopes: ["TRACE /x"] }, /GET \/arvados/],
    ["a space", { scopes: ["GET /x y"] }, /GET \/arvados/],
    ["a line break", { scopes: ["GET /x\nall"] }, /GET \/arvados/],
    ["a user's name", { scopes: ["all"], user: "fred" }, /uuid/],
    ["a group", { scopes: ["all"], user: "zzzzz-j7d0g-0123456789abcde" }, /uuid/],
    ["an unknown form", { scopes: ["all"], form: "v3" }, /form/],
    ["an unknown key", { scopes: ["all"], comment: "x" }, /comment/],
    ["too short a life", { scopes: ["all"], lifetime: "59s" }, /lifetime/],
    ["retirement of what is extended", { role: "crunch-dispatch", retire: true }, /none to retire/],
  ])("with %s is refused", (_, given, says) => {
    expect(problem(() => request(given))).toMatch(says);
  });

  it("of a preset that nobody knows is refused with those that there are", () => {
    expect(problem(() => read({ role: "kep-balance" }))).toMatch(
      /^settings_invalid no preset is called kep-balance; there are keep-balance, crunch-dispatch, reader$/,
    );
  });

  it.each([
    ["the dispatcher's role", { role: "crunch-dispatch" }],
    ["all containers", { scopes: ["POST /arvados/v1/containers/"] }],
    ["one container", { scopes: ["GET /x", "POST /arvados/v1/containers/zzzzz-dz642-0123456789abcde/lock"] }],
    ["what is below one container", { scopes: ["POST /arvados/v1/containers/zzzzz-dz642-0123456789abcde/"] }],
  ])("that locks containers (%s) is extended, and refused to be replaced without force", (_, given) => {
    expect(read(given).strategy).toBe("extend");
    expect(problem(() => request({ ...given, strategy: "replace" }))).toMatch(
      /locked by their dispatcher's token uuid/,
    );
    expect(read({ ...given, strategy: "replace", force: true }).strategy).toBe("replace");
  });

  it("that locks containers by a preset of the settings is judged likewise", () => {
    const dispatch = { reason: "r", scopes: ["POST /arvados/v1/containers/"] };
    const own = arvados.options.parse({ ...least, presets: { dispatch } });
    expect(arvados.readRequest(request({ role: "dispatch" }), own).strategy).toBe("extend");
    const replaced = request({ role: "dispatch", strategy: "replace" });
    expect(problem(() => arvados.readRequest(replaced, own))).toMatch(
      /^settings_invalid strategy: containers are locked/,
    );
  });

  it.each([
    "all",
    "POST /",
    "GET /arvados/v1/containers/",
    "POST /arvados/v1/containers/zzzzz-dz642-0123456789abcde/unlock",
  ])("that may %s is no dispatcher's by that alone", (scope) => {
    expect(read({ scopes: [scope], force: true }).strategy).toBe("replace");
  });

  it.each([
    "PUT /arvados/v1/api_client_authorizations/",
    "PUT /arvados/v1/api_client_authorizations/zzzzz-gj3su-0123456789abcde",
    "PATCH /arvados/v1/api_client_authorizations/",
    "PUT /arvados/v1/",
    "PUT /",
    "POST /arvados/v1/api_client_authorizations",
    "POST /arvados/",
  ])("that may %s could give itself all powers, and is refused without force", (scope) => {
    expect(problem(() => request({ scopes: ["GET /x", scope] }))).toMatch(/give itself all powers/);
    expect(read({ scopes: [scope], force: true }).roles).toEqual([scope]);
    expect(read({ scopes: ["all", scope] }).roles).toHaveLength(2);
  });

  it.each([
    "GET /",
    "PUT /arvados/v1/collections/",
    "DELETE /arvados/v1/api_client_authorizations/",
    "POST /arvados/v1/api",
  ])("that may %s could not", (scope) => {
    expect(read({ scopes: [scope] }).roles).toEqual([scope]);
  });
});

describe("an identity", () => {
  it("is of the cluster, the user and the name, however they are written, whatever it may do", () => {
    const of = (given: object, name = "balance", url = least.url) =>
      arvados.identity(arvados.options.parse({ ...least, url, presets: { reader } }), request(given), name);
    expect(of({ scopes: ["HEAD /x", "GET /"] }, "a")).toBe("https://zzzzz.example.org|root|a");
    expect(of({ role: "reader" })).toBe(of({ scopes: ["all"], user: "zzzzz-tpzed-000000000000000" }));
    expect(of({ role: "reader" }, "balance", "HTTPS://zzzzz.example.org:443/")).toBe(of({ role: "reader" }));
    const distinct = [{ role: "reader" }, { role: "reader", user: "zzzzz-tpzed-0123456789abcde" }];
    expect(new Set([...distinct.map((given) => of(given)), of({ role: "reader" }, "other")]).size).toBe(3);
  });
});

describe("flags", () => {
  const flags: TokenFlags = { user: null, server: null, roles: [], scopes: [], lifetime: null };
  const described = (given: Partial<TokenFlags>) => arvados.describe({ ...flags, ...given }, options);

  it("become a request", () => {
    expect(request(described({ roles: ["keep-balance"] }) as object)).toEqual(request({ role: "keep-balance" }));
    const user = "zzzzz-tpzed-0123456789abcde";
    expect(described({ user, scopes: ["GET /x", "GET /y"], lifetime: "30d" })).toEqual({
      user,
      scopes: ["GET /x", "GET /y"],
      lifetime: "30d",
    });
  });

  it.each([
    ["a server", { server: "x", scopes: ["all"] }, /--server/],
    ["two roles", { roles: ["a", "b"] }, /one --role/],
    ["role and scopes", { roles: ["a"], scopes: ["all"] }, /either --role or --scope/],
    ["neither", {}, /--scope all/],
  ])("with %s are refused", (_, given, says) => {
    expect(problem(() => described(given))).toMatch(/^usage /);
    expect(problem(() => described(given))).toMatch(says);
  });
});
