/** The sentences of `Issuer.inspect`, `Inspection` and `TokenClaims`. */
import { expect } from "vitest";
import { NEVER_AT } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { type IssuerBench, NEVER_ABORTED } from "./issuer-bench.ts";

export function inspectContract(bench: IssuerBench): void {
  proving(bench);
  refuting(bench);
  neither(bench);
}

function proving(bench: IssuerBench): void {
  const { traits } = bench;

  bench.sentence(["proof"], "proves its own tokens, with what they say", async ({ issuer, request, clock }) => {
    const mintedAt = clock.now();
    const { token } = await bench.mint();
    const claims = await bench.claimsOf(token);
    expect(claims.subject).toBe(request.subject ?? issuer.account);
    if (request.audience !== null) expect(claims.audiences).toContain(request.audience);
    if (traits.mute) expect(claims.scopes).toBeNull();
    else expect(Object.keys(claims.scopes ?? {}).sort()).toEqual(request.roles);
    if (traits.time === "own") return;
    if (claims.issuedAt !== null) expect(Math.abs(claims.issuedAt - mintedAt)).toBeLessThan(2_000);
    if (claims.notBeforeAt !== null) expect(claims.notBeforeAt).toBeLessThanOrEqual(clock.now());
    if (claims.expAt !== null) expect(claims.expAt).toBeGreaterThan(clock.now());
  });

  bench.sentence(["proof", "tokens without an end"], "tells of a token without an end that it has none", async () => {
    const { token } = await bench.mint({ lifetimeMs: Infinity });
    expect((await bench.claimsOf(token)).expAt).toBe(NEVER_AT);
  });

  bench.sentence(["signatures"], "proves by signature, whatever the time", async ({ clock, request }) => {
    const { token } = await bench.mint();
    const claims = await bench.claimsOf(token);
    await clock.advance(3 * request.lifetimeMs);
    expect(await bench.claimsOf(token)).toEqual(claims);
  });

  bench.sentence(["signatures"], "proves by signature without a session, and without the issuer", async (subject) => {
    const { token } = await bench.mint();
    if (traits.proof === "published_key") await bench.claimsOf(token);
    await subject.stop();
    const before = subject.calls.length;
    await bench.claimsOf(token);
    expect(subject.calls).toHaveLength(before);
  });

  bench.sentence(["no proof"], "tells of its tokens that nobody can prove them", async (subject) => {
    const { token } = await bench.mint();
    expect(await subject.issuer.inspect(token, NEVER_ABORTED)).toEqual({ outcome: "opaque" });
  });
}

function refuting(bench: IssuerBench): void {
  const refutes = async (text: string, ...checks: readonly string[]): Promise<void> => {
    const inspection = await bench.subject.issuer.inspect(new SecretText(text), NEVER_ABORTED);
    if (inspection.outcome !== "refuted") return expect.fail(`not refuted: ${inspection.outcome}`);
    expect(checks).toContain(inspection.check);
    if (text.length > 16) expect(inspection.message).not.toContain(text);
  };

  bench.sentence(["signatures"], "refutes a token of a wrong form", async () => {
    for (const text of ["", "not a token", "a.b.c"]) await refutes(text, "form");
  });

  bench.sentence(["signatures"], "refutes a token of a wrong algorithm", async () => {
    const [, ...rest] = (await bench.mint()).token.reveal().split(".");
    for (const alg of ["none", "HS256"]) await refutes([encode({ alg, typ: "JWT" }), ...rest].join("."), "algorithm");
  });

  bench.sentence(["signatures"], "refutes a token of a wrong signature", async () => {
    await refutes(withLaterExpiry((await bench.mint()).token.reveal()), "signature");
  });

  bench.sentence(["asking"], "refutes what is no token of this issuer", async () => {
    const text = (await bench.mint()).token.reveal();
    const last = text.at(-1) === "7" ? "8" : "7";
    for (const other of ["", "not a token", text.slice(0, -1) + last]) await refutes(other, "form", "active");
  });

  bench.sentence(["asking", "its time in hand"], "refutes a token that has expired", async (subject) => {
    const { token } = await bench.mint();
    await subject.clock.advance(2 * subject.request.lifetimeMs);
    await refutes(token.reveal(), "active");
  });

  bench.sentence(["asking", "old tokens that go at once"], "refutes a token that a renewal ended", async () => {
    const old = await bench.mint();
    await bench.mint({ kind: "renew", ...(await bench.baseOf(old)) });
    await refutes(old.token.reveal(), "active");
  });

  bench.sentence(["asking", "retiring"], "refutes a token that was retired", async (subject) => {
    const { token, issuerId } = await bench.mint();
    await subject.issuer.retire?.({ token, issuerId }, NEVER_ABORTED);
    await refutes(token.reveal(), "active");
  });
}

function neither(bench: IssuerBench): void {
  bench.sentence(["proof"], "neither proves nor refutes while the proof is out of reach", async (subject) => {
    const { token } = await bench.mint();
    await subject.hideProof();
    const inspection = await subject.issuer.inspect(token, NEVER_ABORTED);
    if (inspection.outcome !== "unknown") return expect.fail(inspection.outcome);
    bench.expectFit(inspection.error, token);
  });

  bench.sentence(["resemblance"], "tells its own tokens from other secrets by their look", async ({ issuer }) => {
    const { token } = await bench.mint();
    expect(issuer.resembles?.(token)).toBe(true);
    for (const other of ["", "correct horse battery staple", "hunter2", "postgres://user:secret@db/renewd"])
      expect(issuer.resembles?.(new SecretText(other))).toBe(false);
  });

  bench.sentence([], "does not throw for an inspection that was called off", async (subject) => {
    const { token } = await bench.mint();
    const { outcome } = await subject.issuer.inspect(token, AbortSignal.abort());
    expect(["proved", "opaque", "unknown"]).toContain(outcome);
  });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Under the old signature. */
function withLaterExpiry(token: string): string {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  return [head, encode({ ...claims, exp: Number(claims["exp"]) + 1 }), signature].join(".");
}
