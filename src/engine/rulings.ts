/** A person's decisions on a token's issues, as they are recorded and told. What may be decided is core/ruling's. */
import type { Accepted, Discarded, RolledBack } from "../core/control.ts";
import type { TokenView } from "../core/decide.ts";
import type { DomainEvent } from "../core/events.ts";
import { type ErrorCode, RenewdError } from "../core/errors.ts";
import { acceptanceOf, discardOf, rollbackOf } from "../core/ruling.ts";
import type { Ruling } from "../core/state-store.ts";
import type { Engine } from "./engine.ts";

/** Throws `nothing_to_roll_back`. */
export async function rollback(engine: Engine, view: TokenView): Promise<RolledBack> {
  const { ruling, previous, warnings } = rollbackOf(view, engine.clock.now());
  const token = view.declared.key;
  const { fingerprint, expAt } = previous;
  // A state whose key is gone could not put it back: then nothing is withdrawn.
  const text = await engine.state.unseal(token, fingerprint);
  if (text === undefined) throw new RenewdError("nothing_to_roll_back", `the text of ${fingerprint} is not kept`);
  const at = engine.clock.now();
  const withdrawn = ruling.from;
  const event: DomainEvent = { type: "renewal:rolled-back", at, token, fingerprint, expAt, withdrawn };
  await record(engine, token, { ...ruling, events: [event] }, "nothing_to_roll_back");
  await engine.state.free({ token }, at);
  return { token, withdrawn, fingerprint, expAt, warnings };
}

/** Throws `nothing_quarantined`, `not_acceptable`. */
export async function accept(engine: Engine, view: TokenView): Promise<Accepted> {
  const at = engine.clock.now();
  const token = view.declared.key;
  const { ruling, check } = acceptanceOf(view, at);
  const { fingerprint, expAt } = ruling.issue;
  if ((await engine.state.unseal(token, fingerprint)) === undefined) {
    throw new RenewdError("not_acceptable", `the text of ${fingerprint} is not kept`);
  }
  const event: DomainEvent = { type: "renewal:overruled", at, token, fingerprint, expAt, check };
  await record(engine, token, { ...ruling, events: [event] }, "not_acceptable");
  return { token, fingerprint, expAt, check };
}

/** Throws `nothing_quarantined`. */
export async function discard(engine: Engine, view: TokenView): Promise<Discarded> {
  const at = engine.clock.now();
  const token = view.declared.key;
  const ruling = discardOf(view, at);
  const fingerprint = ruling.rule === "discard" ? ruling.quarantined : null;
  const event: DomainEvent = { type: "renewal:discarded", at, token, fingerprint };
  const secret = ruling.rule === "give_up" ? (view.record.mint?.chosen ?? null) : null;
  // Its secret may be that of a live token: where it is kept is told.
  const aside: DomainEvent[] =
    secret === null ? [] : [{ type: "issue:set-aside", at, token, fingerprint: secret } as const];
  await record(engine, token, { ...ruling, events: [event, ...aside] }, "nothing_quarantined");
  return { token, fingerprint };
}

async function record(engine: Engine, token: string, ruling: Ruling, otherwise: ErrorCode): Promise<void> {
  if (!(await engine.state.rule(token, engine.clock.now(), ruling))) {
    throw new RenewdError(otherwise, `${token} changed meanwhile; look at \`renewd status ${token}\` and decide again`);
  }
  for (const event of ruling.events) engine.emit(event);
}
