import { describe, expect, it } from "vitest";
import type { OldToken } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { asked, type Bench, DAY, look, mint, never, startBench } from "./bench.ts";

const retire = async ({ issuer }: Bench, old: OldToken): Promise<void> => issuer.retire?.(old, never);

const oldOf = async (bench: Bench, request = asked()): Promise<OldToken> => {
  const { token, issuerId } = await mint(bench, { request });
  return { token, issuerId };
};

describe("a token that is retired", () => {
  it("is deleted, and no other", async () => {
    await using bench = await startBench();
    const [old, kept] = [await oldOf(bench), await oldOf(bench)];
    await retire(bench, old);
    expect(bench.server.rows.map((row) => row.uuid)).toEqual([kept.issuerId]);
    expect(await look(bench, old.token)).toMatchObject({ outcome: "refuted", check: "active" });
  });

  it("may be gone already", async () => {
    await using bench = await startBench();
    const old = await oldOf(bench);
    await retire(bench, old);
    await retire(bench, old);
    const expired = await oldOf(bench, asked({ form: "v1" }));
    await bench.clock.advance(DAY + 120_000);
    await retire(bench, { ...expired, issuerId: null });
    expect(bench.server.rows).toEqual([]);
    expect(bench.server.calls("logout")).toEqual([]);
  });

  it("is known by its text where its id is not", async () => {
    await using bench = await startBench();
    for (const form of ["v1", "v2"]) await retire(bench, { ...(await oldOf(bench, asked({ form }))), issuerId: null });
    expect(bench.server.live()).toEqual([]);
  });

  it("ends itself where we cannot see it", async () => {
    await using bench = await startBench();
    const old = await oldOf(bench);
    bench.secrets.set("OWN", bench.server.addUser({ admin: true }).token);
    await retire(bench, old);
    expect(await look(bench, old.token)).toMatchObject({ outcome: "refuted", check: "active" });
    expect(bench.server.calls("logout")[0]?.headers.authorization).toBe(`Bearer ${old.token.reveal()}`);
    // The second time there is nothing to see and nothing to end.
    await retire(bench, old);
  });

  it("ends itself where nobody may delete it", async () => {
    await using bench = await startBench({ issueTrustedTokens: false });
    const old = await oldOf(bench);
    await retire(bench, old);
    expect(await look(bench, old.token)).toMatchObject({ outcome: "refuted", check: "active" });
  });

  it("is ended by the same call again after an answer was lost", async () => {
    await using bench = await startBench();
    const old = await oldOf(bench);
    bench.server.loseAnswer({ on: "delete" });
    await expect(retire(bench, old)).rejects.toMatchObject({ code: "issuer_unreachable" });
    await retire(bench, old);
    expect(bench.server.rows).toEqual([]);
  });

  it("is said to live on where nothing ends it", async () => {
    await using bench = await startBench();
    const old = await oldOf(bench);
    bench.secrets.set("OWN", bench.server.addUser().token);
    bench.server.fail({ on: "logout", status: 302 });
    await expect(retire(bench, old)).rejects.toMatchObject({ code: "request_refused" });
    bench.server.fail({ on: "logout", status: 500 });
    await expect(retire(bench, old)).rejects.toMatchObject({ code: "issuer_error" });
  });

  it("is not retired by a page, by a dead own token, or under another's id", async () => {
    await using bench = await startBench();
    const [old, other] = [await oldOf(bench), await oldOf(bench)];
    bench.server.fail({ on: "delete", status: 404, headers: { "content-type": "text/html" } });
    await expect(retire(bench, old)).rejects.toMatchObject({ code: "issuer_answer_invalid" });
    await expect(retire(bench, { ...old, issuerId: other.issuerId })).rejects.toBeInstanceOf(TypeError);
    bench.secrets.set("OWN", "dead".repeat(12));
    await expect(retire(bench, old)).rejects.toMatchObject({ code: "sign_in_refused" });
    expect(bench.server.rows).toHaveLength(2);
  });

  it("is not believed to be gone where the answer is of another token", async () => {
    await using bench = await startBench();
    const old = await oldOf(bench);
    bench.forge.set("delete", (truth) => ({ ...truth, uuid: "zzzzz-gj3su-0123456789abcde" }));
    await expect(retire(bench, old)).rejects.toMatchObject({ code: "issuer_answer_invalid" });
  });

  it("is not repeated in an error's words", async () => {
    await using bench = await startBench();
    const secret = "p4ss-w0rd.of_a-t0ken";
    const old = await mint(bench, { secret: new SecretText(secret) });
    bench.server.fail({ on: "delete", status: 422, error: `${old.token.reveal()} ${secret}` });
    const failed = await retire(bench, { token: new SecretText(old.token.reveal()), issuerId: null }).catch(String);
    expect(failed).toContain("[redacted]");
    expect(failed).not.toContain(secret);
  });
});
