import { describe, expect, it } from "vitest";
import { NEVER_AT } from "../../../src/core/duration.ts";
import type { MintOrder } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { asked, type Bench, DAY, failure, look, mint, type Minted, never, orderOf, startBench } from "./bench.ts";

const dispatcher = asked({ role: "crunch-dispatch" });

/** An order to extend this very token by another day. */
function extension(bench: Bench, base: Minted, order: Partial<MintOrder> = {}): MintOrder {
  return orderOf(bench, { kind: "extend", request: dispatcher, baseId: base.issuerId, base: base.token, ...order });
}

async function withToken(bench: Bench, request = dispatcher): Promise<Minted> {
  const base = await mint(bench, { request });
  await bench.clock.advance(DAY / 2);
  return base;
}

describe("an extension", () => {
  it("moves the expiry of the very same token, and changes nothing else", async () => {
    await using bench = await startBench();
    const base = await withToken(bench);
    const before = { ...bench.server.rows[0], expiresAt: 0, expiryWrittenAt: 0 };
    const order = extension(bench, base);
    expect(await bench.issuer.request(order, never)).toEqual({ ...base, expiresAt: order.expAt });
    expect(bench.server.rows.map((row) => ({ ...row, expiresAt: 0, expiryWrittenAt: 0 }))).toEqual([before]);
    expect(await look(bench, base.token)).toMatchObject({ outcome: "proved", claims: { expAt: order.expAt } });
    const [put] = bench.server.calls("update");
    expect(put?.method).toBe("PUT");
    expect(JSON.parse(put?.body ?? "")).toEqual({
      api_client_authorization: { expires_at: new Date(order.expAt).toISOString() },
    });
  });

  it("repeated after a lost answer ends in the same state", async () => {
    await using bench = await startBench();
    const order = extension(bench, await withToken(bench));
    bench.server.loseAnswer({ on: "update" });
    expect(await failure(bench, order)).toMatchObject({ outcome: "unknown" });
    await bench.clock.advance(60_000);
    expect(await bench.issuer.request(order, never)).toMatchObject({ outcome: "minted", expiresAt: order.expAt });
  });

  it("can take the end away", async () => {
    await using bench = await startBench();
    const order = extension(bench, await withToken(bench), { expAt: NEVER_AT });
    expect(await bench.issuer.request(order, never)).toMatchObject({ outcome: "minted", expiresAt: NEVER_AT });
    expect(bench.server.rows[0]?.expiresAt).toBeNull();
  });

  it("tells the expiry that the cluster really gave", async () => {
    await using bench = await startBench({ maxTokenLifetimeMs: DAY / 4 });
    const { uuid, token } = bench.server.addUser();
    bench.secrets.set("OWN", token);
    const request = asked({ user: uuid, role: "crunch-dispatch" });
    const base = await mint(bench, { request });
    await bench.clock.advance(DAY / 8);
    const answer = await bench.issuer.request(extension(bench, base, { request }), never);
    expect(answer).toMatchObject({ outcome: "minted", expiresAt: bench.clock.now() + DAY / 4 });
  });

  it.each([
    ["the id alone", { base: null }],
    ["the text alone", { baseId: null }],
  ])("needs no more than %s", async (_, known) => {
    await using bench = await startBench();
    const base = await withToken(bench);
    const answer = await bench.issuer.request(extension(bench, base, known), never);
    expect(answer.outcome === "minted" && answer.token.reveal()).toBe(base.token.reveal());
  });

  it("asks a bare secret for its uuid, and leaves it bare", async () => {
    await using bench = await startBench();
    const request = asked({ role: "crunch-dispatch", form: "v1" });
    const base = await withToken(bench, request);
    const answer = await bench.issuer.request(extension(bench, base, { request, baseId: null }), never);
    expect(answer.outcome === "minted" && answer.token.reveal()).toBe(base.token.reveal());
    await bench.clock.advance(2 * DAY);
    expect(await failure(bench, extension(bench, base, { request, baseId: null }))).toMatchObject({
      outcome: "refused",
      error: { code: "token_absent", sent: false },
    });
  });

  it("tells the token's new text where somebody changed its secret in place", async () => {
    await using bench = await startBench();
    const base = await withToken(bench);
    const [row] = bench.server.rows;
    if (row === undefined) return expect.fail();
    row.api_token = "changed".repeat(7);
    const answer = await bench.issuer.request(extension(bench, base), never);
    expect(answer.outcome === "minted" && answer.token.reveal()).toBe(`v2/${row.uuid}/${row.api_token}`);
  });
});

describe("an extension that cannot be", () => {
  it("is refused as absent where the token has expired: Arvados deletes it soon after", async () => {
    await using bench = await startBench();
    const base = await mint(bench, { request: dispatcher });
    await bench.clock.advance(DAY + 120_000);
    const { outcome, error } = await failure(bench, extension(bench, base));
    expect({ outcome, error }).toMatchObject({ outcome: "refused", error: { code: "token_absent" } });
    expect(error.message).toContain("expired or was revoked");
  });

  it("explains who sees whose tokens, where an administrator does not see another user's", async () => {
    await using bench = await startBench();
    const base = await withToken(bench);
    bench.secrets.set("OWN", bench.server.addUser({ admin: true }).token);
    for (const known of [{}, { base: null }]) {
      const { outcome, error } = await failure(bench, extension(bench, base, known));
      expect({ outcome, error }).toMatchObject({ outcome: "refused", error: { code: "token_not_owned" } });
      expect(error.message).toMatch(/tokens of root .* SystemRootToken alone, not even for administrators/);
    }
  });

  it("is refused for certain, with the reason, where the own token may not", async () => {
    await using bench = await startBench({ issueTrustedTokens: false });
    const base = await withToken(bench);
    const { outcome, error } = await failure(bench, extension(bench, base));
    expect({ outcome, error }).toMatchObject({ outcome: "refused", error: { code: "request_refused" } });
    expect(error.message).toContain("nobody changes or deletes those of others");
  });

  it("is in doubt after a server's error, and not sent when the cluster is away", async () => {
    await using bench = await startBench();
    const base = await withToken(bench);
    bench.server.fail({ on: "update", status: 500 });
    expect(await failure(bench, extension(bench, base))).toMatchObject({
      outcome: "unknown",
      error: { code: "issuer_error" },
    });
    await bench.server.close();
    expect(await failure(bench, extension(bench, base))).toMatchObject({
      outcome: "refused",
      error: { code: "issuer_unreachable", sent: false },
    });
  });

  it("is said to be of a dead token, not of another's, where that is known", async () => {
    await using bench = await startBench();
    const base = await mint(bench, { request: dispatcher });
    await bench.clock.advance(DAY);
    bench.secrets.set("OWN", bench.server.addUser({ admin: true }).token);
    expect(await failure(bench, extension(bench, base))).toMatchObject({ error: { code: "token_absent" } });
  });

  it("is in doubt where the answer is of another token", async () => {
    await using bench = await startBench();
    const base = await withToken(bench);
    bench.forge.set("extend", (truth) => ({ ...truth, uuid: "zzzzz-gj3su-0123456789abcde" }));
    expect(await failure(bench, extension(bench, base))).toMatchObject({
      outcome: "unknown",
      error: { code: "issuer_answer_invalid" },
    });
  });

  it("repeats no secret of the token in its words", async () => {
    await using bench = await startBench();
    const secret = "p4ss-w0rd.of_a-t0ken";
    const base = await mint(bench, { request: dispatcher, secret: new SecretText(secret) });
    bench.server.fail({ on: "update", status: 422, error: `${base.token.reveal()} ${secret}` });
    expect((await failure(bench, extension(bench, base))).error.message).not.toContain(secret);
  });
});
