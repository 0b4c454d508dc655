import type { AcceptedIssue } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { openState } from "./fixture.ts";

export const NOW: number = Date.parse("2026-07-01T08:00:00Z");
export const TOKEN = new SecretText("header.first.signature");
export const ISSUE: AcceptedIssue = issueOf(TOKEN);

export function issueOf(token: SecretText): AcceptedIssue {
  return {
    fingerprint: token.fingerprint,
    issuerId: "7",
    startAt: NOW,
    expAt: NOW + 30 * 86_400_000,
    u: 0.5,
    scopes: { runner: ["run"] },
    warnings: [],
    origin: "minted",
    acceptedAt: NOW,
  };
}

/** Opens the state, accepts `header.<word>.signature` as the token `flow`, and closes it again. */
export async function withAccepted(file: string, keys: readonly SecretText[] = [], word = "first"): Promise<void> {
  const state = await openState(file, keys);
  await state.enrol([{ key: "flow", issuer: "flowauth", targets: [{ label: "aws", store: "aws" }] }], NOW);
  const lease = await state.claim({ token: "flow", target: null }, "test", NOW, 60_000);
  if (lease === null) throw new TypeError("nobody else should hold it");
  const token = new SecretText(`header.${word}.signature`);
  await state.changeToken(lease, NOW, { accept: { issue: issueOf(token), token } });
  await state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW);
  await state.close();
}
