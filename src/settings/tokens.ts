import type { IssuerType, StoreType } from "../core/ports.ts";
import type { Policy } from "../core/policy.ts";
import { toRenewdError } from "../core/errors.ts";
import type { DeclaredToken, TokenRequest } from "../core/token.ts";
import { OWN_LABELS } from "./alerts.ts";
import { type CompileCron, longestClosedMs } from "./closed-gap.ts";
import { isMapping, mergeDeep, valueAt } from "./plain.ts";
import { promiseProblem } from "./promise.ts";
import type { Report } from "./report.ts";
import { referred, type Service, zodOf } from "./services.ts";
import { tokenShape } from "./shapes.ts";
import { type ReadTarget, readTarget, refuseSharedSecrets } from "./targets.ts";

/** What the tokens refer to. */
export interface Declared {
  readonly issuers: ReadonlyMap<string, Service<IssuerType>>;
  readonly stores: ReadonlyMap<string, Service<StoreType>>;
  readonly policies: ReadonlyMap<string, Policy | undefined>;
  readonly defaults: { readonly token: unknown; readonly target: unknown };
  readonly tickMs: number;
  /** The settings file's. */
  readonly folder: string;
}

interface ReadToken {
  readonly declared: DeclaredToken;
  readonly targets: readonly ReadTarget[];
}

/** The section `tokens`. What could be read is answered; whether all could is for the report to say. */
export function readTokens(
  report: Report,
  value: unknown,
  declared: Declared,
  compile: CompileCron,
): readonly DeclaredToken[] {
  const closedMs = new Map<Policy, number>();
  const allTargets: ReadTarget[] = [];
  const seen = new Map<string, string>();
  const tokens: DeclaredToken[] = [];
  for (const [key, raw] of report.entries(value, ["tokens"])) {
    const targets: ReadTarget[] = [];
    const token = readToken(report, key, mergeDeep(declared.defaults.token, raw), declared, targets);
    allTargets.push(...targets);
    if (token === undefined) continue;
    refuseTwin(report, seen, token);
    const { policy } = token.declared;
    if (!closedMs.has(policy)) closedMs.set(policy, longestClosedMs(policy.windows, compile));
    refuseBrokenPromise(report, token, declared.tickMs, closedMs.get(policy) ?? 0);
    tokens.push(token.declared);
  }
  refuseSharedSecrets(report, allTargets);
  return tokens;
}

/** Fills `targets` with those that are good, also when the token itself is not. */
function readToken(
  report: Report,
  key: string,
  merged: unknown,
  around: Declared,
  targets: ReadTarget[],
): ReadToken | undefined {
  const path = ["tokens", key];
  const token = report.check(tokenShape, merged, path);
  const entries = report.entries(valueAt(merged, ["targets"]), [...path, "targets"]);
  for (const [label, raw] of entries) {
    const surroundings = { stores: around.stores, defaults: around.defaults.target, folder: around.folder };
    const target = readTarget(report, { label, raw, path: [...path, "targets", label] }, surroundings);
    if (target !== undefined) targets.push(target);
  }
  if (entries.length === 0) {
    report.add([...path, "targets"], "has no target", "Declare at least one place that the token is delivered to.");
  }
  const refer = <T>(to: unknown, what: string, among: ReadonlyMap<string, T>): T | undefined =>
    typeof to === "string" ? referred(report, { to, what, path: [...path, what] }, among) : undefined;
  for (const label of Object.keys(token?.labels ?? {}).filter((name) => OWN_LABELS.includes(name))) {
    const hint = "Every alert has a label of this name already; choose another.";
    report.add([...path, "labels", label], "is renewd's own label", hint, "key");
  }
  const issuer = refer(valueAt(merged, ["issuer"]), "issuer", around.issuers);
  const policy = refer(valueAt(merged, ["policy"]) ?? "default", "policy", around.policies);
  const request = valueAt(merged, ["request"]);
  if (issuer?.kind === undefined || !isMapping(request)) return undefined;
  const asked = report.check(zodOf<unknown>(issuer.kind.request), request, [...path, "request"]);
  if (token === undefined || asked === undefined || issuer.declared === undefined || policy === undefined)
    return undefined;
  if (targets.length !== entries.length || targets.length === 0) return undefined;
  const wanted = readRequest(report, issuer.kind, asked, issuer.declared.options, path);
  if (wanted === undefined) return undefined;
  if (!Number.isFinite(wanted.lifetimeMs) && policy.renewEveryMs === null) return refuseEndless(report, path);
  const name = token.name ?? key;
  const identity = `${issuer.kind.type}|${issuer.kind.identity(issuer.declared.options, asked, name)}`;
  return {
    declared: {
      key,
      identity,
      issuer: issuer.key,
      name,
      comment: token.comment ?? null,
      labels: token.labels,
      create: token.create,
      request: wanted,
      policy,
      targets: targets.map((each) => each.declared),
    },
    targets,
  };
}

/** What the issuer's own schema could not see, because it needs the options too. */
function readRequest(
  report: Report,
  kind: IssuerType,
  asked: unknown,
  options: unknown,
  path: readonly PropertyKey[],
): TokenRequest | undefined {
  try {
    return kind.readRequest(asked, options);
  } catch (thrown) {
    const { message, hint, code } = toRenewdError(thrown);
    if (code !== "settings_invalid") throw thrown;
    report.add([...path, "request"], message, hint);
    return undefined;
  }
}

function refuseEndless(report: Report, path: readonly PropertyKey[]): undefined {
  report.add(
    [...path, "request"],
    "asks for a token without an end, which would never be renewed",
    "Give `request.lifetime`; or, where the issuer gives no other, `renew_every` in the policy.",
  );
}

function refuseTwin(report: Report, seen: Map<string, string>, token: ReadToken): void {
  const { key, name } = token.declared;
  const twin = seen.get(token.declared.identity);
  if (twin === undefined) {
    seen.set(token.declared.identity, key);
    return;
  }
  report.add(
    ["tokens", key],
    `is at its issuer the same token as \`${twin}\`: both are named \`${name}\``,
    "Give each its own `name`, or make it one token with several targets.",
    "key",
  );
}

function refuseBrokenPromise(report: Report, token: ReadToken, tickMs: number, closedMs: number): void {
  const { declared, targets } = token;
  const path = ["tokens", declared.key];
  const minIntervalMs = Math.max(2 * tickMs, ...targets.map((each) => each.kind.capabilities.writeIntervalMs));
  const broken = promiseProblem({
    lifetimeMs: Math.min(declared.request.lifetimeMs, declared.policy.renewEveryMs ?? Infinity),
    pace: { policy: declared.policy, minIntervalMs, uses: declared.targets },
    uses: declared.targets,
    longestClosedMs: closedMs,
  });
  if (broken === undefined) return;
  const { about } = broken;
  const place = {
    target: ["targets", about.kind === "target" ? about.label : "", "hold"],
    lifetime: ["request", "lifetime"],
    windows: ["policy"],
  }[about.kind];
  report.add([...path, ...place], broken.message, broken.hint);
}
