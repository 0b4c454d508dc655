/** Which old tokens are to be ended at the issuer, as the recorded state says it. */
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import type { TokenRecord } from "../core/records.ts";
import { givenUp, nextRetirement, type Retirement } from "../core/retirement.ts";
import type { TokenChange } from "../core/state-store.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";

export async function retirementOf(engine: Engine, member: Member, record: TokenRecord): Promise<Retirement | null> {
  const isAny = record.previous !== null || record.retiring.length > 0;
  if (!member.declared.request.retire || !isAny) return null;
  const targets = await engine.state.targets(record.key);
  return nextRetirement(member.declared, record, targets, engine.watch.steadySince, engine.clock.now());
}

/** What an acceptance means for the tokens before it. */
export function retiredBy({ declared }: Member, record: TokenRecord, at: Instant): AlsoChanged {
  const { retire: retires } = declared.request;
  const dropped = givenUp(declared, record);
  const fates = dropped.map((issue) => ({ issue, fate: "superseded" as const }));
  const events = retires ? dropped.map(({ fingerprint }) => tooMany(declared.key, fingerprint, at)) : [];
  return { retires, fates, events };
}

interface AlsoChanged {
  readonly retires: boolean;
  readonly fates: NonNullable<TokenChange["fates"]>;
  readonly events: readonly DomainEvent[];
}

function tooMany(token: string, fingerprint: string, at: Instant): DomainEvent {
  const message = `too many wait to be ended, so ${fingerprint} is not any more`;
  return { type: "token:not-retired", at, token, code: "still_in_use", message, nextTryAt: null };
}
