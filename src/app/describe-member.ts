import { z } from "zod";
import type { Description } from "../core/control.ts";
import { paceOf } from "../core/decide.ts";
import { DAY_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import type { Policy } from "../core/policy.ts";
import type { Issuer, IssuerType } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import type { Settings } from "../core/settings.ts";
import type { TokenRequest } from "../core/token.ts";
import type { Member } from "../engine/fleet.ts";
import { issuerTypes } from "../issuers/index.ts";

/** Nothing renews it: the policy is only there because every token has one. */
const POLICY: Policy = {
  key: "default",
  renewBefore: { share: 1 / 3 },
  jitter: { ms: 0 },
  repairMs: DAY_MS,
  renewEveryMs: null,
  windows: [],
};

/** A token that no setting declares, as if one did; its key is made from all that it is. Throws `usage`. */
export function describeMember(
  settings: Settings,
  issuers: ReadonlyMap<string, Issuer>,
  description: Description,
): Member {
  const { issuer: issuerKey, comment, flags } = description;
  const service = settings.issuers.find(({ key }) => key === issuerKey);
  const issuer = issuers.get(issuerKey);
  const kind = issuerTypes.find(({ type }) => type === service?.type);
  if (service === undefined || issuer === undefined || kind === undefined) throw noIssuer(settings, issuerKey);
  const asked = parse(kind, kind.describe(flags, service.options));
  const request = readRequest(kind, asked, service.options);
  const name = nameOf(description, issuer);
  const identity = `${kind.type}|${kind.identity(service.options, asked, name)}`;
  const whole = JSON.stringify([issuerKey, identity, request.subject, request.audience, request.roles, comment]);
  const declared = {
    key: `created:${new SecretText(whole).fingerprint}`,
    issuer: issuerKey,
    identity,
    name,
    comment,
    labels: {},
    create: true,
    request: { ...request, strategy: "replace", retire: false } as const,
    policy: POLICY,
    targets: [],
  };
  return { declared, issuer, berths: [], pace: paceOf(declared, 0) };
}

function noIssuer(settings: Settings, key: string): RenewdError {
  const known = settings.issuers.map((each) => each.key).join(", ") || "none";
  return usage(`no issuer \`${key.slice(0, 80)}\` is declared; there is ${known}`);
}

/** Where names are kept the token has to have one; elsewhere it is only for people. */
function nameOf({ name, comment }: Description, issuer: Issuer): string {
  if (name !== null) return name;
  if (issuer.capabilities.lists) throw usage("--name is missing: this issuer keeps its tokens by name");
  return comment ?? "unnamed";
}

function parse(kind: IssuerType, raw: unknown): unknown {
  try {
    return kind.request.parse(raw);
  } catch (thrown) {
    if (!(thrown instanceof z.ZodError)) throw thrown;
    const said = thrown.issues.slice(0, 3).map((issue) => `${issue.path.join(".") || "the request"}: ${issue.message}`);
    throw usage(said.join("; "));
  }
}

/** What the flags named is not what the settings got wrong. */
function readRequest(kind: IssuerType, asked: unknown, options: unknown): TokenRequest {
  try {
    return kind.readRequest(asked, options);
  } catch (thrown) {
    throw thrown instanceof RenewdError && thrown.code === "settings_invalid" ? usage(thrown.message) : thrown;
  }
}

function usage(message: string): RenewdError {
  return new RenewdError("usage", message, { sent: false });
}
