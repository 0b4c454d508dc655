import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { CompactSign } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Inspection } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type HttpBench, httpBench, NEVER_ABORTED } from "../../support/http-issuer/bench.ts";
import { FakeBureau } from "../../support/http-issuer/bureau.ts";
import { answer } from "../../support/http-issuer/json-server.ts";
import { bureauByGivenKey, bureauByPublishedKey, bureauOptions } from "./settings.ts";

const ASKED = { roles: ["read"], lifetime: "2h" };

let clock: FakeClock;
let server: FakeBureau;
const benches: HttpBench[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  server = new FakeBureau(clock);
  await server.start();
});
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.issuer.close();
  await server.close();
});

function start(options: Readonly<Record<string, unknown>>, verify: object = {}): HttpBench {
  const whole = { ...options, verify: { ...(options["verify"] as object), ...verify } };
  const bench = httpBench(clock, whole, ASKED, { API_KEY: server.apiKey, PUBLIC_KEY: server.publicPem });
  benches.push(bench);
  return bench;
}

async function minted(bench: HttpBench): Promise<SecretText> {
  const given = await bench.issuer.request(bench.orderOf(), NEVER_ABORTED);
  return given.outcome === "minted" ? given.token : expect.fail(given.error.message);
}

const inspect = ({ issuer }: HttpBench, text: string): Promise<Inspection> =>
  issuer.inspect(new SecretText(text), NEVER_ABORTED);

describe("a token that its issuer is asked about", () => {
  const whole = { sub: "robot", roles: "read", until: null, live: true };
  const replied = (data: object, status = 200, verify: object = {}): Promise<Inspection> => {
    server.instead.push(answer(status, { data: { ...whole, ...data } }));
    return inspect(start(bureauOptions(server.url), verify), "abc");
  };

  it("is what the issuer says", async () => {
    expect(await replied({ until: clock.now() + 5_000, roles: ["read", "write"] })).toMatchObject({
      outcome: "proved",
      claims: { subject: "robot", expAt: clock.now() + 5_000, scopes: { read: [], write: [] }, issuedAt: null },
    });
    expect(server.seen[0]?.headers.authorization).toBe("Bearer abc");
  });

  it("is refuted when the issuer says that it is not active", async () => {
    expect(await replied({ live: false })).toMatchObject({ outcome: "refuted", check: "active" });
  });

  it("is refuted by the statuses that are declared, and by no other", async () => {
    expect(await replied({}, 403)).toMatchObject({ outcome: "refuted", check: "active" });
    for (const status of [401, 404, 429, 500, 204, 302]) {
      expect(await replied({}, status)).toMatchObject({ outcome: "unknown" });
    }
  });

  it.each([{ sub: null }, { sub: {} }, { roles: 7 }, { roles: null }, { until: "soon" }, { until: undefined }])(
    "is neither proved nor refuted by an answer that is not as declared: %j",
    async (data) => {
      expect(await replied(data)).toMatchObject({ outcome: "unknown", error: { code: "issuer_answer_invalid" } });
    },
  );

  it.each(["yes", 1, null, undefined])("is neither proved nor refuted while `active` is %j", async (live) => {
    expect(await replied({ live })).toMatchObject({ outcome: "unknown", error: { code: "issuer_answer_invalid" } });
  });

  it("says nothing of what is not declared", async () => {
    const given = await replied({}, 200, { subject: "/data/sub", scopes: undefined, expires_at: undefined });
    expect(given).toMatchObject({ outcome: "proved", claims: { scopes: null, expAt: null } });
  });

  it.each(["", "two words", "a\r\nX-Evil: 1", "é", "a\u0000"])("is not even sent when it is %j", async (text) => {
    const given = await inspect(start(bureauOptions(server.url)), text);
    expect(given).toMatchObject({ outcome: "refuted", check: "form" });
    expect(server.seen).toEqual([]);
  });

  it("is told from other secrets by its beginning, where that is declared", () => {
    const resembles = (verify: object, text: string): boolean | undefined =>
      start(bureauOptions(server.url), verify).issuer.resembles?.(new SecretText(text));
    for (const [text, may] of [
      ["brt_1", true],
      ["brt_", true],
      ["brt1", false],
      ["xbrt_1", false],
      ["", false],
    ] as const)
      expect(resembles({ prefix: "brt_" }, text)).toBe(may);
    expect(resembles({}, "anything")).toBeUndefined();
  });

  it("is not repeated by a refusal that repeats it", async () => {
    const given = await inspect(start(bureauOptions(server.url)), "short-secret");
    if (given.outcome !== "refuted") return expect.fail(given.outcome);
    expect(given.message).toBe("its issuer answers 403: [redacted] is none of ours");
  });
});

describe("a JWT", () => {
  const claims = { iss: "bureau", sub: "robot", aud: ["world", "moon"], iat: 1_782_892_800, scope: "read" };
  const signed = (payload: object, key: KeyObject, header: object = {}): Promise<string> =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader({ alg: "ES256", ...header })
      .sign(key);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();

  const given = async (payload: object, header: object = {}): Promise<Inspection> => {
    const bench = start(bureauByGivenKey(server.url));
    bench.secrets.set("PUBLIC_KEY", pem);
    return inspect(bench, await signed(payload, privateKey, header));
  };

  it("is what it says of itself", async () => {
    expect(await given({ ...claims, exp: 1_782_900_000.9, nbf: 1_782_892_800 })).toEqual({
      outcome: "proved",
      claims: {
        subject: "robot",
        audiences: ["world", "moon"],
        issuedAt: 1_782_892_800_000,
        notBeforeAt: 1_782_892_800_000,
        expAt: 1_782_900_000_900,
        scopes: { read: [] },
      },
    });
    expect(await given({ ...claims, sub: undefined, aud: undefined })).toMatchObject({
      claims: { subject: null, audiences: [], expAt: null },
    });
  });

  it.each<[object, string]>([
    [{ iss: "another" }, "names another issuer"],
    [{ iss: undefined }, "names another issuer"],
    [{ exp: "soon" }, "`?exp`? is of a wrong type"],
    [{ exp: 1e15 }, "`?exp`? is of a wrong type"],
    [{ scope: 7 }, "are no scopes"],
    [{ scope: undefined }, "are no scopes"],
  ])("of a wrong form is refuted: %j", async (wrong, words) => {
    const found = await given({ ...claims, ...wrong });
    expect(found).toMatchObject({ outcome: "refuted", check: "form", message: expect.stringMatching(words) });
  });

  it("of an algorithm that is not declared is refuted, though the key fits", async () => {
    const bench = start(bureauByGivenKey(server.url), { algorithms: ["RS256"] });
    bench.secrets.set("PUBLIC_KEY", pem);
    const found = await inspect(bench, await signed(claims, privateKey));
    expect(found).toMatchObject({ outcome: "refuted", check: "algorithm" });
  });

  it("with a line break is refuted, which a decoder would forgive and a consumer would not", async () => {
    const bench = start(bureauByGivenKey(server.url));
    bench.secrets.set("PUBLIC_KEY", pem);
    const text = await signed(claims, privateKey);
    for (const broken of [`${text}\n`, text.replace(".", ".\n"), ` ${text}`]) {
      expect(await inspect(bench, broken)).toMatchObject({ outcome: "refuted", check: "form" });
    }
  });

  it("is proved by any of several keys, though another cannot be read or is of another kind", async () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" });
    const bench = start(bureauByGivenKey(server.url), {
      public_keys: [{ env: "MISSING" }, { env: "RSA" }, { env: "PUBLIC_KEY" }],
    });
    bench.secrets.set("RSA", rsa.toString()).set("PUBLIC_KEY", pem);
    expect(await inspect(bench, await signed(claims, privateKey))).toMatchObject({ outcome: "proved" });
    bench.secrets.delete("PUBLIC_KEY");
    const found = await inspect(bench, await signed(claims, privateKey));
    expect(found).toMatchObject({ outcome: "unknown", error: { code: "key_unreachable" } });
  });

  it("is not proved by what is no public key", async () => {
    const bench = start(bureauByGivenKey(server.url));
    const secret = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    for (const text of ["no key", secret]) {
      bench.secrets.set("PUBLIC_KEY", text);
      const found = await inspect(bench, await signed(claims, privateKey));
      if (found.outcome !== "unknown") return expect.fail(found.outcome);
      expect(found.error).toMatchObject({ code: "key_unreachable" });
      expect(found.error.message).not.toContain(text);
    }
  });
});

describe("the keys that an issuer publishes", () => {
  const reads = (): number => server.seen.filter(({ path }) => path === "/keys").length;

  it("are read once, and again after ten minutes", async () => {
    const bench = start(bureauByPublishedKey(server.url));
    const token = (await minted(bench)).reveal();
    await inspect(bench, token);
    await clock.advance(599_000);
    await inspect(bench, token);
    expect(reads()).toBe(1);
    await clock.advance(1_000);
    await inspect(bench, token);
    expect(reads()).toBe(2);
  });

  it("are read again for a token that none of them made, but not at each such token", async () => {
    const bench = start(bureauByPublishedKey(server.url));
    await inspect(bench, (await minted(bench)).reveal());
    server.kid = "two";
    const token = (await minted(bench)).reveal();
    expect(await inspect(bench, token)).toMatchObject({ outcome: "refuted", check: "signature" });
    expect(reads()).toBe(1);
    await clock.advance(30_000);
    expect(await inspect(bench, token)).toMatchObject({ outcome: "proved" });
    expect(reads()).toBe(2);
  });

  it("serve on while they cannot be read again; without any nothing is proved or refuted", async () => {
    const bench = start(bureauByPublishedKey(server.url));
    const token = (await minted(bench)).reveal();
    server.instead.push(answer(500), answer(200, { keys: "none" }), answer(200, "keys"));
    for (let round = 0; round < 3; round += 1) {
      expect(await inspect(bench, token)).toMatchObject({ outcome: "unknown", error: { code: "key_unreachable" } });
    }
    expect(await inspect(bench, token)).toMatchObject({ outcome: "proved" });
    await clock.advance(3_600_000);
    server.instead.push(answer(500), answer(500));
    expect(await inspect(bench, token)).toMatchObject({ outcome: "proved" });
    expect(await inspect(bench, `${token.slice(0, -4)}AAAA`)).toMatchObject({ outcome: "unknown" });
  });

  it("that are of no use are passed over", async () => {
    const bench = start(bureauByPublishedKey(server.url));
    const token = (await minted(bench)).reveal();
    const keys = [{ kty: "oct", k: "AAAA" }, { kty: "EC", crv: "none" }, { kty: "new" }];
    server.instead.push(answer(200, { keys }));
    expect(await inspect(bench, token)).toMatchObject({ outcome: "refuted", check: "signature" });
  });
});

describe("the end of a token", () => {
  it("is asked for by its id, which is learnt where it is not known", async () => {
    const { issuer } = start(bureauOptions(server.url));
    const bench = benches[0]!;
    const token = await minted(bench);
    server.seen.length = 0;
    await issuer.retire?.({ token, issuerId: null }, NEVER_ABORTED);
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /tokens/current",
      expect.stringMatching(/^DELETE \/tokens\/[\w-]{36}$/),
    ]);
    expect(server.isGood(token.reveal())).toBe(false);
  });

  it("that the issuer refuses is an error", async () => {
    const { issuer, secrets } = start(bureauOptions(server.url));
    secrets.set("API_KEY", "wrong-key");
    const ending = issuer.retire?.({ token: new SecretText("abc"), issuerId: "7" }, NEVER_ABORTED);
    await expect(ending).rejects.toMatchObject({
      code: "request_refused",
      message: expect.stringContaining("no such key"),
    });
  });

  it("cannot be asked for where no request is declared for it", () => {
    expect(start(bureauByGivenKey(server.url)).issuer.retire).toBeNull();
  });
});

describe("a probe", () => {
  it("reads every secret and key, and throws for one that cannot be read", async () => {
    const bench = start(bureauByGivenKey(server.url));
    expect(await bench.issuer.probe([bench.request], NEVER_ABORTED)).toEqual([
      "secrets.key was read",
      "1 key(s) to verify with",
      `${server.url}/health answered 200`,
      "every token must be of robot",
      `a renewal will ask POST ${server.url}/tokens`,
    ]);
    bench.secrets.delete("PUBLIC_KEY");
    await expect(bench.issuer.probe([], NEVER_ABORTED)).rejects.toMatchObject({ code: "key_unreachable" });
    bench.secrets.delete("API_KEY");
    await expect(bench.issuer.probe([], NEVER_ABORTED)).rejects.toMatchObject({ code: "secret_unreadable" });
  });

  it("throws for an answer that is not declared", async () => {
    const bench = start(bureauOptions(server.url));
    bench.secrets.set("API_KEY", "wrong-key");
    await expect(bench.issuer.probe([], NEVER_ABORTED)).rejects.toMatchObject({ code: "request_refused" });
  });

  it("sends no secret where none is declared for it, and tells that little was tried", async () => {
    const bench = start({ ...bureauOptions(server.url), probe: undefined });
    const lines = await bench.issuer.probe([], NEVER_ABORTED);
    expect(lines.join("\n")).toContain("answers (401); nothing more was tried");
    expect(server.seen.map(({ path, headers }) => [path, headers["x-api-key"]])).toEqual([["/", undefined]]);
  });
});
