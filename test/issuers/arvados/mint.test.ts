import { describe, expect, it } from "vitest";
import { NEVER_AT } from "../../../src/core/duration.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { asked, type Bench, DAY, failure, mint, NAME, newSecret, never, orderOf, startBench } from "./bench.ts";

/** The one token that the client made, as the server keeps it. */
function rowOf({ server }: Bench) {
  expect(server.rows).toHaveLength(1);
  return server.rows[0] ?? expect.fail();
}

describe("a token that is made", () => {
  it("has the secret, owner, scopes and expiry that were asked for, and is told as v2", async () => {
    await using bench = await startBench();
    const order = orderOf(bench);
    const answer = await bench.issuer.request(order, never);
    const row = rowOf(bench);
    expect(row).toMatchObject({
      owner_uuid: "zzzzz-tpzed-000000000000000",
      api_token: order.secret?.reveal(),
      scopes: bench.request.roles,
      expiresAt: order.expAt,
    });
    expect(answer).toMatchObject({ outcome: "minted", issuerId: row.uuid, expiresAt: order.expAt });
    if (answer.outcome !== "minted") return;
    expect(answer.token.reveal()).toBe(`v2/${row.uuid}/${row.api_token}`);
    expect(Object.keys(answer.scopes ?? {}).sort()).toEqual(bench.request.roles);
  });

  it("is told as its bare secret where the form is v1", async () => {
    await using bench = await startBench();
    const { token } = await mint(bench, { request: asked({ form: "v1" }) });
    expect(token.reveal()).toBe(rowOf(bench).api_token);
  });

  it("goes out wrapped, in UTC, and without an expiry where no end is asked for", async () => {
    await using bench = await startBench();
    await mint(bench);
    const answer = await mint(bench, { request: asked({ lifetime: undefined }) });
    const [first, second] = bench.server.calls("create").map(({ body }) => JSON.parse(body) as object);
    expect(first).toMatchObject({ api_client_authorization: { expires_at: "2026-07-02T08:00:00.000Z" } });
    expect(second).not.toHaveProperty("api_client_authorization.expires_at");
    expect(answer.expiresAt).toBe(NEVER_AT);
  });

  it("belongs to the user of the request", async () => {
    await using bench = await startBench();
    const { uuid } = bench.server.addUser();
    await mint(bench, { request: asked({ user: uuid }) });
    expect(bench.server.rows.at(-1)?.owner_uuid).toBe(uuid);
  });

  it("tells the expiry that the cluster really gave: MaxTokenLifetime cuts without a word", async () => {
    await using bench = await startBench({ maxTokenLifetimeMs: DAY / 2 });
    const { uuid, token } = bench.server.addUser();
    bench.secrets.set("OWN", token);
    const cutAt = bench.clock.now() + DAY / 2;
    expect((await mint(bench, { request: asked({ user: uuid }) })).expiresAt).toBe(cutAt);
    expect((await mint(bench, { request: asked({ user: uuid, lifetime: undefined }) })).expiresAt).toBe(cutAt);
  });
});

describe("the same order again", () => {
  it("makes no second token, and is answered as the first was", async () => {
    await using bench = await startBench();
    const order = orderOf(bench);
    const first = await bench.issuer.request(order, never);
    await bench.clock.advance(60_000);
    expect(await bench.issuer.request(order, never)).toEqual(first);
    expect(first.outcome).toBe("minted");
    rowOf(bench);
  });

  it("makes no second token after the answer was lost, even if the look after it is lost too", async () => {
    await using bench = await startBench();
    const order = orderOf(bench);
    bench.server.loseAnswer({ on: "create" });
    bench.server.loseRequest({ on: "current" });
    expect(await bench.issuer.request(order, never)).toMatchObject({
      outcome: "unknown",
      error: { code: "issuer_unreachable" },
    });
    expect(await bench.issuer.request(order, never)).toMatchObject({ outcome: "minted", issuerId: rowOf(bench).uuid });
  });

  it("is found by its secret at once where only the answer was lost", async () => {
    await using bench = await startBench();
    bench.server.loseAnswer({ on: "create" });
    expect(await mint(bench)).toMatchObject({ issuerId: rowOf(bench).uuid });
  });

  it("is found although what came back was a proxy's error, or a refusal", async () => {
    await using bench = await startBench();
    const order = orderOf(bench);
    await bench.issuer.request(order, never);
    for (const status of [401, 403, 422, 500, 502]) {
      bench.server.fail({ on: "create", status });
      expect(await bench.issuer.request(order, never)).toMatchObject({ outcome: "minted" });
    }
    rowOf(bench);
  });

  it("makes the token where the first request was lost on its way", async () => {
    await using bench = await startBench();
    const order = orderOf(bench);
    bench.server.loseRequest({ on: "create" });
    expect(await bench.issuer.request(order, never)).toMatchObject({ outcome: "unknown" });
    expect(bench.server.rows).toEqual([]);
    expect(await bench.issuer.request(order, never)).toMatchObject({ outcome: "minted" });
    rowOf(bench);
  });

  it("is two tokens where the secrets are two", async () => {
    await using bench = await startBench();
    await mint(bench);
    await mint(bench);
    expect(bench.server.rows).toHaveLength(2);
  });
});

describe("a secret that is taken", () => {
  it.each([
    ["another user's", (bench: Bench) => bench.server.addRow(bench.server.addUser().uuid, taken(bench))],
    ["one of other scopes", (bench: Bench) => bench.server.addRow(root, { ...taken(bench), scopes: ["all"] })],
    ["one of fewer scopes", (bench: Bench) => bench.server.addRow(root, { ...taken(bench), scopes: ["GET /x"] })],
  ])("by %s is refused for certain, and not told", async (_, put) => {
    await using bench = await startBench();
    const { api_token, uuid } = put(bench);
    const order = orderOf(bench, { secret: new SecretText(api_token) });
    const { outcome, error } = await failure(bench, order);
    expect({ outcome, error }).toMatchObject({ outcome: "refused", error: { code: "token_differs" } });
    expect(error.message).toContain(uuid);
    expect(error.message).not.toContain(api_token);
  });

  it("by the very token that is asked for is that token, in whatever order its scopes are", async () => {
    await using bench = await startBench();
    const row = bench.server.addRow(root, { ...taken(bench), scopes: bench.request.roles.toReversed() });
    const answer = await mint(bench, { secret: new SecretText(row.api_token) });
    expect(answer.issuerId).toBe(row.uuid);
  });

  const root = "zzzzz-tpzed-000000000000000";
  const taken = (bench: Bench) => ({ api_token: newSecret().reveal(), scopes: bench.request.roles });
});

describe("an order that cannot be carried out", () => {
  it.each([
    ["with a slash", `${"s".repeat(30)}/x`],
    ["with a space", "abcdefghij klmnopqrstuv"],
    ["beyond ASCII", "abcdefghijklmnopqrstuvwxyzé"],
    ["longer than its column", "x".repeat(256)],
  ])("is refused without a call for a secret %s", async (_, secret) => {
    await using bench = await startBench();
    const { outcome, error } = await failure(bench, orderOf(bench, { secret: new SecretText(secret) }));
    expect({ outcome, error }).toMatchObject({ outcome: "refused", error: { code: "usage", sent: false } });
    expect(error.message).not.toContain(secret);
    expect(bench.server.seen).toEqual([]);
  });

  it("is not sent when the own token or the cluster's id cannot be read", async () => {
    await using bench = await startBench();
    bench.secrets.delete("OWN");
    expect(await failure(bench, orderOf(bench))).toMatchObject({
      outcome: "refused",
      error: { code: "secret_unreadable", sent: false },
    });
    bench.secrets.set("OWN", "not a token");
    expect(await failure(bench, orderOf(bench))).toMatchObject({ error: { code: "secret_unreadable", sent: false } });
    await using other = await startBench();
    other.server.fail({ on: "config", status: 500 });
    expect(await failure(other, orderOf(other))).toMatchObject({
      outcome: "refused",
      error: { code: "issuer_error", sent: false },
    });
  });

  it("is refused for certain where our own token is dead, or the user is unknown, or may not", async () => {
    await using bench = await startBench();
    const stranger = asked({ user: "zzzzz-tpzed-nobodyatallhere" });
    expect(await failure(bench, orderOf(bench, { request: stranger }))).toMatchObject({
      outcome: "refused",
      error: { code: "request_refused", message: expect.stringContaining("there is no such user") as string },
    });
    bench.secrets.set("OWN", bench.server.addUser().token);
    expect(await failure(bench, orderOf(bench))).toMatchObject({
      outcome: "refused",
      error: { code: "request_refused", message: expect.stringContaining("only an administrator") as string },
    });
    bench.secrets.set("OWN", "dead".repeat(12));
    expect(await failure(bench, orderOf(bench))).toMatchObject({
      outcome: "refused",
      error: { code: "sign_in_refused" },
    });
  });

  it("is explained where the cluster issues no trusted tokens", async () => {
    await using bench = await startBench({ issueTrustedTokens: false });
    bench.secrets.set("OWN", bench.server.addUser({ admin: true }).token);
    const { error } = await failure(bench, orderOf(bench));
    expect(error).toMatchObject({ code: "request_refused" });
    expect(error.message).toMatch(/IssueTrustedTokens: false, so only SystemRootToken makes/);
  });

  it("waits as long as a busy cluster says", async () => {
    await using bench = await startBench();
    bench.server.fail({ on: "create", status: 503, headers: { "retry-after": "120" } });
    expect(await failure(bench, orderOf(bench))).toMatchObject({
      outcome: "unknown",
      error: { code: "issuer_throttled", retryAfterMs: 120_000 },
    });
  });

  it("is not sent once it was called off", async () => {
    await using bench = await startBench();
    expect(await bench.issuer.request(orderOf(bench), AbortSignal.abort())).toMatchObject({
      outcome: "refused",
      error: { sent: false },
    });
    expect(bench.server.rows).toEqual([]);
  });
});

describe("an answer that is not what was asked for", () => {
  it.each([
    ["another user", { owner_uuid: "zzzzz-tpzed-0123456789abcde" }],
    ["other scopes", { scopes: ["all"] }],
    ["another secret", { api_token: "x".repeat(40) }],
    ["no secret", { api_token: "" }],
    ["no word of an expiry", { expires_at: undefined }],
    ["an expiry that is none", { expires_at: "tomorrow" }],
  ])("(%s) is not believed: what the cluster says to the secret itself counts", async (_, wrong) => {
    await using bench = await startBench();
    bench.forge.set("create", (truth) => ({ ...truth, ...wrong }));
    const order = orderOf(bench);
    const answer = await bench.issuer.request(order, never);
    const row = rowOf(bench);
    expect(answer).toMatchObject({ outcome: "minted", issuerId: row.uuid, expiresAt: order.expAt });
    expect(answer.outcome === "minted" && answer.token.reveal()).toBe(`v2/${row.uuid}/${order.secret?.reveal()}`);
    expect(answer.outcome === "minted" && Object.keys(answer.scopes ?? {})).toEqual(bench.request.roles);
  });

  it("is told all the same where the cluster made a token of another secret: it is there", async () => {
    await using bench = await startBench();
    const other = newSecret().reveal();
    bench.forge.set("create", (truth) => {
      for (const row of bench.server.rows) row.api_token = other;
      return { ...truth, api_token: other };
    });
    const { token } = await mint(bench);
    expect(token.reveal()).toBe(`v2/${rowOf(bench).uuid}/${other}`);
  });

  it("leaves it unknown where the cluster does not accept the token", async () => {
    await using bench = await startBench();
    bench.forge.set("create", (truth) => {
      for (const row of bench.server.rows) row.expiresAt = 0;
      return { ...truth, scopes: [] };
    });
    expect(await failure(bench, orderOf(bench))).toMatchObject({
      outcome: "unknown",
      error: { code: "issuer_answer_invalid" },
    });
  });

  it.each([
    [302, "refused", "issuer_redirected"],
    [400, "refused", "request_refused"],
    [405, "refused", "request_refused"],
    [408, "unknown", "request_refused"],
    [409, "unknown", "request_refused"],
    [413, "refused", "request_refused"],
    [429, "refused", "issuer_throttled"],
    [500, "unknown", "issuer_error"],
    [504, "unknown", "issuer_error"],
  ] as const)("with the status %d leaves it %s, where no token is there", async (status, outcome, code) => {
    await using bench = await startBench();
    bench.server.fail({ on: "create", status });
    expect(await failure(bench, orderOf(bench))).toMatchObject({ outcome, error: { code } });
  });

  it("is a mistake of the program where the order was one", async () => {
    await using bench = await startBench();
    const without = await failure(bench, orderOf(bench, { secret: null }));
    expect(without.outcome).toBe("refused");
    expect(without.error).toBeInstanceOf(TypeError);
    expect(await failure(bench, orderOf(bench, { expAt: Infinity }))).toMatchObject({
      outcome: "refused",
      error: { code: "bug" },
    });
  });
});

describe("an error's words", () => {
  it("are without any secret that was sent, however plain or odd, in whatever way it is written", async () => {
    await using bench = await startBench();
    const odd = `a"b%c\\d'e"f%g\\h'i"j%k`;
    const owns = ["own-to.ken_with-a.form", "v2/zzzzz-gj3su-0123456789abcde/own-se.cret_with-a.form"];
    for (const own of owns) {
      bench.secrets.set("OWN", own);
      const secrets = [odd, encodeURIComponent(odd), JSON.stringify(odd).slice(1, -1), own.split("/").at(-1) ?? ""];
      bench.server.fail({ on: "create", status: 422, error: secrets.join(" and ") });
      const { error } = await failure(bench, orderOf(bench, { secret: new SecretText(odd) }));
      expect(error.message).toMatch(/(\[redacted\] and ){3}\[redacted\]/);
      for (const each of secrets) expect(error.message).not.toContain(each);
    }
  });

  it("are without the secrets that were sent, in whatever form Arvados repeats them", async () => {
    await using bench = await startBench();
    const secret = new SecretText(`a"b%c\\d'${newSecret().reveal()}`);
    const text = secret.reveal();
    const own = bench.server.rootToken;
    const error = [text, encodeURIComponent(text), JSON.stringify(text), own, text.slice(0, 40)].join(" and ");
    bench.server.fail({ on: "create", status: 422, error });
    bench.server.fail({ on: "current", status: 401, error });
    const { outcome, error: told } = await failure(bench, orderOf(bench, { secret }));
    expect(outcome).toBe("refused");
    expect(told.message).toContain(NAME);
    expect(told.message).toContain("[redacted]");
    for (const each of [text, encodeURIComponent(text), own, text.slice(8, 40)]) {
      expect(told.message).not.toContain(each);
    }
  });
});
