/** Pages as one who is signed in sees them, made of what the fake control answers. */
import type { Condition } from "../../../src/core/incidents.ts";
import type { StatusReport, TokenStatus } from "../../../src/core/status.ts";
import { report, token } from "../fake-control.ts";
import { type Answer, bearer, type SECRETS, serving } from "../serving.ts";

export const EVIL = `<script>alert(1)</script>"'&`;
export const EVIL_SHOWN: RegExp = /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;&amp;/g;

export const condition: Condition = {
  reason: "target_failing",
  severity: "warning",
  message: "AccessDenied on PutSecretValue.",
  next: "Next try 2026-07-01T09:20:00Z.",
  action: "Restore that permission.",
  dangerAt: null,
  expAt: null,
};

export function named(key: string, changes: Partial<TokenStatus> = {}): TokenStatus {
  return { ...token, token: key, ...changes };
}

export async function pageOf(
  path: string,
  shown: Partial<StatusReport> = {},
  as: keyof typeof SECRETS = "viewer",
): Promise<Answer> {
  await using server = await serving();
  server.control.report = { ...report, ...shown };
  return await server.call("GET", path, bearer(as));
}

/** The page without its tags, each run of blanks made one. */
export function textOf({ body }: Answer): string {
  const text = body.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
  return text.replaceAll("&amp;", "&").replaceAll("&#39;", "'").replaceAll("&quot;", '"');
}
