/** What whoever asked for a token is given, and that it was given. */
import type { Created, CreationOrder } from "../core/control.ts";
import { formatInstant, type Instant, MINUTE_MS, NEVER_AT } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import type { AcceptedIssue } from "../core/records.ts";
import { secretPartOf } from "./alike.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";

export interface Outcome {
  readonly outcome: Created["outcome"];
  readonly warnings: readonly string[];
}

/** The token in use, recorded as handed out. Throws `token_absent`, `state_locked`. */
export async function handOut(engine: Engine, member: Member, order: CreationOrder, told: Outcome): Promise<Created> {
  const created = await createdOf(engine, member, order, told);
  const at = engine.clock.now();
  const { key, fingerprint } = created;
  const event: DomainEvent = { type: "token:handed-out", at, token: key, fingerprint };
  await engine.state.ask(key, at, { events: [event] });
  engine.emit(event);
  return created;
}

/**
 * With a state that can be read and not written, what was verified is still there to be handed out: that may be an
 * emergency. Undefined when none that lives is kept.
 */
export async function handOutUnrecorded(engine: Engine, order: CreationOrder): Promise<Created | undefined> {
  const fleet = engine.fleet();
  const member = order.of.kind === "declared" ? fleet.members.get(order.of.token) : fleet.describe(order.of);
  if (member === undefined) return undefined;
  const desired = (await engine.state.token(member.declared.key))?.desired ?? null;
  if (desired === null || desired.expAt <= engine.clock.now()) return undefined;
  const warnings = ["renewd's state cannot be written, so it is recorded nowhere that this token was handed out"];
  return createdOf(engine, member, order, { outcome: "reused", warnings });
}

async function createdOf(engine: Engine, member: Member, order: CreationOrder, told: Outcome): Promise<Created> {
  const { state, clock } = engine;
  const { key, issuer, name, comment, request } = member.declared;
  const desired = (await state.token(key))?.desired ?? null;
  const token = desired === null ? undefined : await state.unseal(key, desired.fingerprint);
  if (desired === null || token === undefined) throw new RenewdError("token_absent", `no token of ${name} is kept`);
  if (order.secret !== null && secretPartOf(token) !== secretPartOf(order.secret))
    throw new RenewdError(
      "state_locked",
      `another token of ${name} was made meanwhile; the same call again makes yours`,
    );
  const { fingerprint, issuerId, expAt, scopes } = desired;
  return {
    token,
    fingerprint,
    key,
    issuer,
    issuerId,
    name,
    comment,
    subject: request.subject ?? member.issuer.account,
    roles: Object.keys(scopes).sort(),
    expAt: expAt === NEVER_AT ? null : expAt,
    outcome: told.outcome,
    warnings: [...told.warnings, ...desired.warnings.map(warningText), ...endings(member, order, desired, clock.now())],
  };
}

/** What is handed out instead of what was asked for may end sooner than whoever asked reckons with. */
function endings(
  { declared }: Member,
  { of, expAt }: CreationOrder,
  issue: AcceptedIssue,
  now: Instant,
): readonly string[] {
  const { lifetimeMs, retire } = declared.request;
  const askedAt = expAt ?? (of.kind === "described" ? Math.min(now + lifetimeMs, NEVER_AT) : null);
  const isCapped = issue.warnings.some(({ kind }) => kind === "lifetime_capped");
  const isShort = askedAt !== null && issue.expAt < askedAt - MINUTE_MS && !isCapped;
  return [
    ...(isShort ? [`it expires at ${formatInstant(issue.expAt)}, sooner than was asked for`] : []),
    ...(retire ? ["it is ended at the issuer some time after its next renewal (`retire`), whoever has it"] : []),
  ];
}

function warningText(warning: AcceptedIssue["warnings"][number]): string {
  return warning.kind === "lifetime_capped"
    ? "it lives shorter than was asked for: the issuer caps lifetimes"
    : `it may do more than the one before: ${warning.scopes.slice(0, 5).join(", ")}`;
}
