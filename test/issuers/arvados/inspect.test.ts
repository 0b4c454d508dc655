import { describe, expect, it } from "vitest";
import { NEVER_AT } from "../../../src/core/duration.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { asked, DAY, look, mint, NAME, startBench } from "./bench.ts";

const text = (token: string): SecretText => new SecretText(token);

describe("a token that is looked at", () => {
  it("is proved by presenting it, with what the cluster says of it, and without the own token", async () => {
    await using bench = await startBench();
    const startAt = bench.clock.now();
    const { token } = await mint(bench);
    bench.secrets.delete("OWN");
    await bench.clock.advance(1_000);
    const inspection = await look(bench, token);
    expect(inspection).toMatchObject({
      outcome: "proved",
      claims: { subject: "root", audiences: [], issuedAt: startAt, notBeforeAt: null, expAt: startAt + DAY },
    });
    expect(inspection.outcome === "proved" && Object.keys(inspection.claims.scopes ?? {})).toEqual(bench.request.roles);
  });

  it("may be bare, or a container's, or without an end", async () => {
    await using bench = await startBench();
    const { uuid } = bench.server.addUser();
    const { token } = await mint(bench, { request: asked({ user: uuid, scopes: ["GET /x"], lifetime: undefined }) });
    const secret = token.reveal().split("/")[2] ?? "";
    const proof = await look(bench, token);
    expect(proof).toMatchObject({ outcome: "proved", claims: { subject: uuid, expAt: NEVER_AT } });
    for (const same of [secret, `${token.reveal()}/zzzzz-dz642-0123456789abcde`])
      expect(await look(bench, text(same))).toEqual(proof);
  });

  it("is refuted once it expired, was revoked, or has another's uuid", async () => {
    await using bench = await startBench();
    const [first, second] = [await mint(bench), await mint(bench)];
    const mixed = first.token.reveal().replace(first.issuerId ?? "", second.issuerId ?? "");
    expect(await look(bench, text(mixed))).toMatchObject({ outcome: "refuted", check: "active" });
    await bench.clock.advance(DAY);
    expect(await look(bench, first.token)).toMatchObject({ outcome: "refuted", check: "active" });
  });

  it.each([
    "",
    " ",
    "not a token",
    "v2/zzzzz-gj3su-0123456789abcde",
    "v2/zzzzz-gj3su-0123456789abcde/",
    "v2/zzzzz-gj3su-0123456789abcde/secret/zzzzz-dz642-0123456789abcde/more",
    "v2/zzzzz-gj3su-0123456789abcde/secret/no-container",
    "v2/zzzzz-tpzed-0123456789abcde/secret",
    "v3/zzzzz-gj3su-0123456789abcde/secret",
    "secret\nwith-a-break",
    "sécret",
    "s".repeat(256),
  ])("is refuted by its form, without a call: %j", async (token) => {
    await using bench = await startBench();
    expect(await look(bench, text(token))).toMatchObject({ outcome: "refuted", check: "form" });
    expect(bench.server.seen).toEqual([]);
  });

  it.each<[string, boolean]>([
    ["v2/zzzzz-gj3su-0123456789abcde/any-Secret_at.all", true],
    ["v2/zzzzz-gj3su-0123456789abcde/secret/zzzzz-dz642-0123456789abcde", true],
    ["0123456789abcdefghijklmnopqrstuvwxyz0123", true],
    ["z".repeat(255), true],
    ["0123456789abcdefghijklmnopqrstuvwxyz012", false],
    ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123", false],
    ["z".repeat(256), false],
    ["hunter2", false],
    ["glpat-0123456789abcdefghijklmnopqrstuvwxyz0123", false],
    ["postgres://user:secret@db/renewd", false],
    ["", false],
  ])(
    "that somebody put into a target is shown to the cluster only if it may be one of its: %j %s",
    async (token, may) => {
      await using bench = await startBench();
      expect(bench.issuer.resembles?.(text(token))).toBe(may);
    },
  );

  it("is neither proved nor refuted by anything but the cluster's own word", async () => {
    await using bench = await startBench();
    const { token } = await mint(bench);
    const unknown = { outcome: "unknown", error: { code: "key_unreachable" } };
    for (const status of [302, 403, 404, 429, 500, 503]) {
      bench.server.fail({ on: "current", status });
      expect(await look(bench, token)).toMatchObject(unknown);
    }
    bench.server.fail({ on: "current", status: 401, headers: { "content-type": "text/html" } });
    expect(await look(bench, token)).toMatchObject(unknown);
    bench.forge.set("current", () => ({ message: "sign in here" }));
    expect(await look(bench, token)).toMatchObject(unknown);
    await bench.clock.advance(DAY);
    expect(await look(bench, token)).toMatchObject(unknown);
    bench.forge.clear();
    bench.server.loseAnswer({ on: "current" });
    expect(await look(bench, token)).toMatchObject(unknown);
    await bench.server.close();
    expect(await look(bench, token)).toMatchObject(unknown);
  });

  it.each([
    ["another uuid", { uuid: "zzzzz-gj3su-0123456789abcde" }, { outcome: "refuted", check: "form" }],
    ["no word of an expiry", { expires_at: undefined }, { outcome: "unknown" }],
    ["a pair for a scope", { scopes: [["GET", "/x"]] }, { outcome: "unknown" }],
    ["an owner that is no user", { owner_uuid: "zzzzz-j7d0g-0123456789abcde" }, { outcome: "unknown" }],
  ])("is not proved by a record with %s", async (_, wrong, expected) => {
    await using bench = await startBench();
    const { token } = await mint(bench);
    bench.forge.set("current", (truth) => ({ ...truth, ...wrong }));
    expect(await look(bench, token)).toMatchObject(expected);
  });

  it("is not repeated in an error's words", async () => {
    await using bench = await startBench();
    const { token } = await mint(bench);
    const secret = token.reveal().split("/")[2] ?? "";
    bench.server.fail({ on: "current", status: 422, error: `${NAME} ${token.reveal()} ${secret}` });
    const inspection = await look(bench, token);
    expect(inspection.outcome === "unknown" && inspection.error.message).toContain(NAME);
    expect(JSON.stringify(inspection)).not.toContain(secret);
    expect(inspection.outcome === "unknown" && inspection.error.message).not.toContain(secret);
  });
});
