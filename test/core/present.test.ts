import { expect, it } from "vitest";
import { present } from "../../src/core/present.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { tokenStatus } from "../../src/core/status.ts";
import { START, targetRecord, tokenView, trouble } from "./samples.ts";

it("has keys in snake_case, instants as RFC 3339 and durations in seconds, at every depth", () => {
  const view = {
    expAt: START,
    at: START,
    since: START,
    until: START,
    lifetimeMs: 1_500,
    attempts: 3,
    lastSuccessAt: null,
    nested: [{ provedAt: START, fingerprint: "aa" }],
  };
  expect(present(view)).toEqual({
    exp_at: "2026-07-01T08:00:00Z",
    at: "2026-07-01T08:00:00Z",
    since: "2026-07-01T08:00:00Z",
    until: "2026-07-01T08:00:00Z",
    lifetime_seconds: 1.5,
    attempts: 3,
    last_success_at: null,
    nested: [{ proved_at: "2026-07-01T08:00:00Z", fingerprint: "aa" }],
  });
});

it.each([[null], ["text"], [7], [true], [undefined], [[]]])("leaves %j as it is", (value) => {
  expect(present(value)).toEqual(value);
});

it("keeps no capital letter and no number that is an instant in a whole status", () => {
  const view = tokenView({ record: { trouble: trouble("issuer_timeout"), lastSuccessAt: START } });
  const text = JSON.stringify(present(tokenStatus(view, [targetRecord()], START)));
  expect(text).not.toMatch(/"[a-z]*[A-Z]\w*":/);
  expect(text).not.toMatch(/:\s*1[0-9]{12}\b/);
});

it("gives no secret away", () => {
  expect(JSON.stringify(present({ token: new SecretText("canary") }))).not.toContain("canary");
});
