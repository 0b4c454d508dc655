import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FindQuery, FoundToken, Issuer, MintAnswer, MintOrder } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { TokenRequest } from "../../src/core/token.ts";
import type { FakeClock } from "../support/fake-clock.ts";

/** An issuer with an account that holds the roles of `request`, and no tokens yet. */
export interface IssuerSubject {
  readonly issuer: Issuer;
  /** Of the client and of the issuer. */
  readonly clock: FakeClock;
  /** Declared with the issuer under `name`; the issuer grants at least twice its lifetime. */
  readonly request: TokenRequest;
  readonly name: string;
  /** A declared name besides. */
  readonly otherName: string;
  /** Names of the calls that went to the issuer so far; a listing is `list`. */
  readonly calls: readonly string[];
  /** From now on the key to verify with cannot be read. */
  hideKeys(): void;
  /** From now on the issuer cannot be connected to. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

const MINUTE = 60_000;

/** Every sentence of the `Issuer` port, for issuers that list and keep the old token. */
export function issuerContract(name: string, makeSubject: () => Promise<IssuerSubject>): void {
  describe(`${name} as an issuer`, () => {
    let subject: IssuerSubject;
    const never = new AbortController().signal;

    beforeEach(async () => {
      subject = await makeSubject();
    });
    afterEach(() => subject.close());

    const find = (query: Partial<FindQuery> = {}): Promise<readonly FoundToken[]> => {
      const { name: ours, request, clock } = subject;
      return subject.issuer.find({ name: ours, request, notBefore: clock.now(), ...query }, never);
    };
    const ask = (order: Partial<MintOrder> = {}): Promise<MintAnswer> => {
      const { name: ours, request } = subject;
      const whole = {
        kind: "mint",
        baseId: null,
        name: ours,
        request,
        lifetimeMs: request.lifetimeMs,
        ...order,
      } as const;
      return subject.issuer.request(whole, never);
    };
    const mint = async (order: Partial<MintOrder> = {}): Promise<SecretText> => tokenOf(await ask(order));

    it("knows no token before the first was minted, then tells it with all that is known of it", async () => {
      expect(await find()).toEqual([]);
      const token = await mint();
      await subject.clock.advance(1);
      const [found, ...more] = await find();
      expect(more).toEqual([]);
      expect(found?.token.reveal()).toBe(token.reveal());
      expect(found?.fingerprint).toBe(token.fingerprint);
      expect(found?.roles).toEqual(subject.request.roles);
      expect(found?.issuerId).toMatch(/./);
      const now = subject.clock.now();
      expect(Math.abs((found?.startAt ?? 0) - now)).toBeLessThan(2_000);
      expect(Math.abs((found?.expAt ?? 0) - now - subject.request.lifetimeMs)).toBeLessThan(2_000);
    });

    it("keeps the old token through a renewal, and finds both", async () => {
      const old = await mint();
      await subject.clock.advance(5_000);
      const baseId = (await find())[0]?.issuerId ?? null;
      const fresh = await mint({ kind: "renew", baseId, lifetimeMs: 2 * subject.request.lifetimeMs });
      await subject.clock.advance(1);
      const found = await find();
      expect(found.map((each) => each.token.reveal()).sort()).toEqual([old.reveal(), fresh.reveal()].sort());
      const [oldClaims, freshClaims] = [await claimsOf(old), await claimsOf(fresh)];
      expect({ ...freshClaims, issuedAt: 0, notBeforeAt: 0, expAt: 0 }).toEqual({
        ...oldClaims,
        issuedAt: 0,
        notBeforeAt: 0,
        expAt: 0,
      });
      expect(freshClaims.expAt).toBeGreaterThan(oldClaims.expAt ?? 0);
    });

    it("finds every live token of the name, and none of another name", async () => {
      const ours = [await mint(), await mint(), await mint()];
      await mint({ name: subject.otherName });
      await subject.clock.advance(1);
      expect((await find()).map((each) => each.fingerprint).sort()).toEqual(
        ours.map((each) => each.fingerprint).sort(),
      );
    });

    it("finds the newest expired token as a base to renew from, and it can be renewed", async () => {
      await mint();
      await subject.clock.advance(2_000);
      const newest = await mint();
      await subject.clock.advance(2 * subject.request.lifetimeMs);
      const found = await find();
      expect(found.map((each) => each.fingerprint)).toEqual([newest.fingerprint]);
      expect(found[0]?.expAt).toBeLessThan(subject.clock.now());
      expect(await ask({ kind: "renew", baseId: found[0]?.issuerId ?? null })).toMatchObject({ outcome: "minted" });
    });

    it("shares one listing between calls that run at once, and makes a new one for who needs a later one", async () => {
      const queries = [find(), find({ name: subject.otherName }), find()];
      await Promise.all(queries);
      expect(listings()).toBe(1);
      await subject.clock.advance(1_000);
      await find();
      expect(listings()).toBe(2);
    });

    it("changes nothing by finding or probing", async () => {
      const token = await mint();
      for (let round = 0; round < 2; round += 1) {
        await subject.clock.advance(1);
        await subject.issuer.probe([subject.request], never);
        expect((await find()).map((each) => each.fingerprint)).toEqual([token.fingerprint]);
      }
    });

    it("mints one token an order", async () => {
      await ask();
      await subject.clock.advance(1);
      expect(await find()).toHaveLength(1);
    });

    it("refuses for certain to renew what is not there, and to grant roles that are not held", async () => {
      expect(await ask({ kind: "renew", baseId: "999999" })).toMatchObject({
        outcome: "refused",
        error: { code: "token_absent" },
      });
      const request = { ...subject.request, roles: ["no-such-role"] };
      expect(await ask({ request })).toMatchObject({ outcome: "refused", error: { code: "roles_not_held" } });
      expect(await find()).toEqual([]);
    });

    it("answers, and does not throw, when the issuer is away: nothing was sent", async () => {
      await subject.stop();
      expect(await ask()).toMatchObject({ outcome: "refused", error: { code: "issuer_unreachable", sent: false } });
    });

    it("throws an operating error from find and probe when the issuer is away", async () => {
      await subject.stop();
      await expect(find()).rejects.toMatchObject({ code: "issuer_unreachable" });
      await expect(subject.issuer.probe([subject.request], never)).rejects.toMatchObject({
        code: "issuer_unreachable",
      });
    });

    it("answers as not sent what was called off before it began", async () => {
      const { request, issuer, name: ours } = subject;
      const order = { kind: "mint", baseId: null, name: ours, request, lifetimeMs: MINUTE } as const;
      expect(await issuer.request(order, AbortSignal.abort())).toMatchObject({ outcome: "refused" });
    });

    it("proves its own tokens, with what they say, whatever the time", async () => {
      const token = await mint();
      const claims = await claimsOf(token);
      expect(claims.subject).toBe(subject.issuer.account);
      expect(claims.audiences).toContain(subject.request.audience);
      expect(Object.keys(claims.scopes).sort()).toEqual(subject.request.roles);
      await subject.clock.advance(3 * subject.request.lifetimeMs);
      expect(await claimsOf(token)).toEqual(claims);
    });

    it("proves tokens without a session, and without the issuer", async () => {
      const token = await mint();
      await subject.stop();
      const before = subject.calls.length;
      await claimsOf(token);
      expect(subject.calls).toHaveLength(before);
    });

    it.each([
      ["form", (): string => "not a token"],
      ["form", (): string => ""],
      ["algorithm", (token: string): string => [encode({ alg: "none" }), ...token.split(".").slice(1)].join(".")],
      [
        "algorithm",
        (token: string): string => [encode({ alg: "HS256", typ: "JWT" }), ...token.split(".").slice(1)].join("."),
      ],
      ["signature", changePayload],
    ] as const)("refutes a token of a wrong %s", async (check, change) => {
      const token = new SecretText(change((await mint()).reveal()));
      expect(await subject.issuer.inspect(token, never)).toMatchObject({ outcome: "refuted", check });
    });

    it("neither proves nor refutes while the key is out of reach", async () => {
      const token = await mint();
      subject.hideKeys();
      expect(await subject.issuer.inspect(token, never)).toMatchObject({
        outcome: "unknown",
        error: { code: "key_unreachable" },
      });
    });

    it("tells what it sees in lines, and throws for a server that it cannot see", async () => {
      const lines = await subject.issuer.probe([subject.request], never);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.join("\n")).toContain(subject.issuer.account);
      const elsewhere = { ...subject.request, audience: "no-such-server" };
      await expect(subject.issuer.probe([elsewhere], never)).rejects.toMatchObject({ code: "server_unknown" });
    });

    it("says how long a request can take at most", () => {
      expect(subject.issuer.callLimitMs).toBeGreaterThan(0);
      expect(subject.issuer.callLimitMs).toBeLessThan(60 * MINUTE);
    });

    const listings = (): number => subject.calls.filter((call) => call === "list").length;

    async function claimsOf(token: SecretText) {
      const inspection = await subject.issuer.inspect(token, never);
      if (inspection.outcome !== "proved") return expect.fail(`not proved: ${inspection.outcome}`);
      return inspection.claims;
    }
  });
}

function tokenOf(answer: MintAnswer): SecretText {
  return answer.outcome === "minted" ? answer.token : expect.fail(`not minted: ${answer.error.message}`);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A later expiry under the old signature. */
function changePayload(token: string): string {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  return [head, encode({ ...claims, exp: Number(claims["exp"]) + 1 }), signature].join(".");
}
