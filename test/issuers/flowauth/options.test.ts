import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { RenewdError } from "../../../src/core/errors.ts";
import type { HttpOptions } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { embedded } from "../../../src/issuers/flowauth/embedded.ts";
import { flowauth } from "../../../src/issuers/flowauth/index.ts";
import { issuerTypes } from "../../../src/issuers/index.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const least = {
  url: "https://flowauth.example.org",
  username: "flowbot",
  password: { file: "/run/secrets/p" },
  public_keys: [{ file: "k.pem" }],
};
const request = { server: "flowapi-prod", roles: ["viewer", "runner", "viewer"], lifetime: "30d" };

function problem(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    return error instanceof z.ZodError ? z.prettifyError(error) : expect.fail(String(error));
  }
  return expect.fail("it was accepted");
}

describe("the options of flowauth", () => {
  it("need an address, an account and a key; the rest has defaults", () => {
    expect(flowauth.options.parse(least)).toEqual({ ...least, timeout: 10_000, max_response: 67_108_864 });
  });

  it("take what else an operator may need", () => {
    const all = {
      ...least,
      totp: { command: ["pass", "totp"] },
      ca: { file: "ca.pem" },
      proxy: "http://user:pw@proxy:3128",
      timeout: "2.5s",
      max_response: "512KiB",
    };
    const { timeout, max_response, proxy } = flowauth.options.parse(all);
    expect([timeout, max_response, proxy]).toEqual([2_500, 524_288, "http://user:pw@proxy:3128/"]);
  });

  it.each([
    ["url", { url: "https://user:canary@flowauth.example.org" }],
    ["url", { url: "https://flowauth.example.org?token=canary" }],
    ["url", { url: "ftp://flowauth.example.org" }],
    ["url", { url: "flowauth.example.org" }],
    ["password", { password: "canary" }],
    ["totp", { totp: "canary" }],
    ["public_keys", { public_keys: [] }],
    ["ca", { ca: "/ca.pem" }],
    ["proxy", { proxy: "proxy:canary" }],
    ["timeout", { timeout: "soon" }],
    ["timeout", { timeout: "1h" }],
    ["max_response", { max_response: "2000MiB" }],
    ["max_respnse", { max_respnse: "2MiB" }],
  ])("are refused with a wrong %s, and its text is not repeated: %j", (field, wrong) => {
    const message = problem(() => flowauth.options.parse({ ...least, ...wrong }));
    expect(message).toContain(field);
    expect(message).not.toContain("canary");
  });

  it("make one identity of one token, however the address is written", () => {
    const identity = (url: string): string =>
      flowauth.identity(flowauth.options.parse({ ...least, url }), flowauth.request.parse(request), "airflow");
    expect(identity("https://FlowAuth.example.org:443/")).toBe(
      "https://flowauth.example.org|flowbot|flowapi-prod|airflow",
    );
    expect(identity("https://flowauth.example.org")).toBe(identity("HTTPS://flowauth.example.org///"));
  });
});

describe("a request", () => {
  it("becomes neutral: roles sorted without repeats, the server as audience", () => {
    expect(flowauth.readRequest(flowauth.request.parse(request), flowauth.options.parse(least))).toEqual({
      lifetimeMs: 2_592_000_000,
      roles: ["runner", "viewer"],
      audience: "flowapi-prod",
      subject: null,
      strategy: "replace",
      retire: false,
      detail: { server: "flowapi-prod" },
    });
  });

  it.each([{ roles: [] }, { lifetime: "59s" }, { server: "" }, { scopes: ["x"] }, { lifetime: 30 }])(
    "is refused with %j",
    (wrong) => {
      problem(() => flowauth.request.parse({ ...request, ...wrong }));
    },
  );
});

describe("the options of embedded", () => {
  it("need no more than a database", () => {
    expect(embedded.options.parse({ db: "../var/issuer/issuer.db" })).toEqual({
      listen: { host: "127.0.0.1", port: 8081 },
      db: "../var/issuer/issuer.db",
      username: "flowbot",
      seed: { servers: [], roles: [], users: [] },
    });
  });

  it("carry a seed in the server's own words", () => {
    const seed = {
      servers: [{ name: "s", max_life: "30d", latest: "2027-01-01T00:00:00Z" }],
      roles: [{ server: "s", name: "r", max_life: "1d", scopes: ["x"] }],
      users: [{ name: "flowbot", roles: [{ server: "s", role: "r" }] }],
    };
    expect(embedded.options.parse({ db: "x.db", seed }).seed).toEqual({
      servers: [{ name: "s", maxLifeMs: 2_592_000_000, latestAt: Date.parse("2027-01-01T00:00:00Z") }],
      roles: [{ server: "s", name: "r", maxLifeMs: 86_400_000, latestAt: null, scopes: ["x"] }],
      users: [{ name: "flowbot", admin: false, roles: [{ server: "s", role: "r" }] }],
    });
  });

  it.each([
    "0.0.0.0:8081",
    "192.168.1.1:8081",
    "[::]:8081",
    "localhost",
    "127.0.0.1:0",
    "127.0.0.1:99999",
    "localhost.evil.example:80",
  ])("are refused when they would serve plain HTTP beyond this machine, or say no port: %s", (listen) => {
    problem(() => embedded.options.parse({ db: "x.db", listen }));
  });

  it.each([
    ["localhost:81", "http://localhost:81"],
    ["[::1]:8081", "http://[::1]:8081"],
  ])("give %s the address %s", (listen, url) => {
    const options = embedded.options.parse({ db: "x.db", listen });
    expect(embedded.identity(options, embedded.request.parse(request), "n")).toBe(`${url}|flowbot|flowapi-prod|n`);
  });
});

describe("an issuer made from its options", () => {
  const never = new AbortController().signal;

  async function tried(
    make: "flowauth" | "embedded",
    options: unknown,
  ): Promise<{ read: string[]; asked: HttpOptions[] }> {
    const read: string[] = [];
    const asked: HttpOptions[] = [];
    const type = issuerTypes.find((each) => each.type === make) ?? expect.fail("no such type");
    const issuer = type.create({
      key: "x",
      options: type.options.parse(options),
      declared: [],
      http: (http) => {
        asked.push(http);
        throw new RenewdError("issuer_unreachable", "no network here", { sent: false });
      },
      clock: new FakeClock(),
      random: { share: () => 0, hex: () => "" },
      readSecret: async (ref) => {
        read.push("file" in ref ? ref.file : "");
        return new SecretText("text of the authority");
      },
      resolvePath: (path) => resolve("/settings", path),
    });
    const order = {
      kind: "renew",
      baseId: "1",
      name: "n",
      base: null,
      comment: null,
      secret: null,
      request: type.readRequest(type.request.parse(request), type.options.parse(options)),
      lifetimeMs: 1,
      expAt: 1,
    } as const;
    expect(await issuer.request(order, never)).toMatchObject({ outcome: "refused" });
    await issuer.inspect(new SecretText("eyJhbGciOiJSUzI1NiJ9.e30.AAAA"), never);
    return { read, asked };
  }

  it("reads its files from the settings' folder, and hands authority, proxy and limits to the HTTP client", async () => {
    const { read, asked } = await tried("flowauth", {
      ...least,
      password: { file: "p" },
      ca: { file: "ca.pem" },
      proxy: "http://p:1",
      timeout: "3s",
    });
    expect(read).toEqual(["/settings/p", "/settings/ca.pem", "/settings/k.pem"]);
    expect(asked).toEqual([
      { timeoutMs: 3_000, maxResponseBytes: 67_108_864, ca: "text of the authority", proxy: "http://p:1/" },
    ]);
  });

  it("finds the embedded server's password and key beside its database", async () => {
    const { read } = await tried("embedded", { db: "var/issuer.db" });
    expect(read).toEqual(["/settings/var/flowbot.password", "/settings/var/public_key.pem"]);
  });

  it("takes a seeded password where the seed has one", async () => {
    const users = [{ name: "flowbot", password: { file: "given" } }];
    expect((await tried("embedded", { db: "var/issuer.db", seed: { users } })).read[0]).toBe("/settings/given");
  });
});

describe("the list of issuers", () => {
  it("has each type once, and each can be described as JSON Schema", () => {
    expect(issuerTypes.map((each) => each.type)).toEqual(["flowauth", "embedded", "arvados", "oauth2", "http"]);
    for (const type of issuerTypes) {
      for (const schema of [type.options, type.request]) {
        expect(z.toJSONSchema(schema as z.ZodType, { io: "input" })).toMatchObject({
          type: "object",
          additionalProperties: false,
        });
      }
    }
  });
});
