import { createHash } from "node:crypto";
import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { RenewdError, toRenewdError } from "../../src/core/errors.ts";
import { SecretText } from "../../src/core/secret-text.ts";

const CANARY = "eyJhbGciOiJSUzI1NiJ9.canary.c2ln";
const secret = new SecretText(CANARY);

describe("a secret text", () => {
  it.each<[string, () => string]>([
    ["a template", () => `token ${String(secret)} and ${secret as unknown as string}`],
    ["String()", () => String(secret)],
    ["concatenation", () => "token " + (secret as unknown as string)],
    ["join", () => [secret].join(",")],
    ["JSON", () => JSON.stringify({ token: secret })],
    ["inspect", () => inspect({ deep: { deeper: [secret] } }, { depth: 9 })],
    ["inspect with hidden members", () => inspect(secret, { showHidden: true, customInspect: true })],
    ["format %s", () => format("%s", secret)],
    ["format %j", () => format("%j", { secret })],
    ["format %o", () => format("%o", secret)],
    ["an error's message", () => new RenewdError("bug", `got ${String(secret)}`).message],
    ["an error's cause", () => inspect(new RenewdError("bug", "got it", { cause: secret }))],
  ])("prints [redacted] in %s", (_, print) => {
    expect(print()).toContain("[redacted]");
    expect(print()).not.toContain("canary");
  });

  it.each<[string, () => string]>([
    ["its own members", () => JSON.stringify(Object.entries(secret))],
    ["a copy of its members", () => JSON.stringify({ ...secret })],
    ["inspect that skips custom printing", () => inspect(secret, { customInspect: false, showHidden: true })],
  ])("is not to be found in %s", (_, print) => expect(print()).not.toContain("canary"));

  it("is given away by reveal alone", () => expect(secret.reveal()).toBe(CANARY));

  it("is known by the first 16 hex digits of its SHA-256", () => {
    const hash = createHash("sha256").update(CANARY).digest("hex");
    expect(secret.sha256).toBe(hash);
    expect(secret.fingerprint).toBe(hash.slice(0, 16));
  });

  it("equals another of the same text only", () => {
    expect(secret.equals(new SecretText(CANARY))).toBe(true);
    expect(secret.equals(new SecretText(`${CANARY} `))).toBe(false);
  });

  it("counts its length in bytes", () => expect(new SecretText("é").lengthBytes).toBe(2));
});

describe("what was thrown and is not ours", () => {
  it("is a bug, told without its own words, for they may hold anything", () => {
    const error = toRenewdError(new SyntaxError(`Unexpected token in ${CANARY}`));
    expect(error).toMatchObject({ code: "bug", retry: "slow", scope: "one", message: "unexpected SyntaxError" });
    expect(toRenewdError(CANARY).message).toBe("unexpected string");
  });

  it("stays what it is when it is ours", () => {
    const ours = new RenewdError("store_denied", "no", { retryAfterMs: 5, sent: false });
    expect(toRenewdError(ours)).toBe(ours);
    expect(ours).toMatchObject({ retryAfterMs: 5, sent: false, retry: "person" });
  });

  it("counts as sent unless it is certain that it was not", () => {
    expect(new RenewdError("issuer_timeout", "slow").sent).toBe(true);
  });
});
