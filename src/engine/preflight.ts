import type { DomainEvent } from "../core/events.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { MintKind } from "../core/ports.ts";
import type { TokenRecord } from "../core/records.ts";
import type { Berth } from "./fleet.ts";
import type { TokenWork } from "./work.ts";
import { NotAdmitted, throughBreaker } from "./service.ts";
import { LeaseLost } from "./tenure.ts";

export const STORE_CALL_LIMIT_MS = 60_000;

/**
 * Asks, before anything is minted, whether our own state and every target could take a token now. Without our own state
 * nothing is minted, ever. Without any target it waits until the renewal is urgent. Where the issuer revokes the old token
 * at once nothing is asked for until all of them could: each that cannot would hold a dead one.
 */
export async function preflight(
  work: TokenWork,
  { desired }: Pick<TokenRecord, "desired">,
  kind: MintKind,
  urgent: boolean,
): Promise<void> {
  const { engine, member } = work;
  await engine.state.preflight();
  // An extension writes nowhere: the text stays what it is.
  if (kind === "extend") return;
  const failures: Refusal[] = [];
  for (const berth of member.berths) {
    const error = await tryPlace(work, berth);
    if (error !== undefined) failures.push({ label: berth.declared.label, error });
  }
  const first = failures[0];
  if (first === undefined) return;
  const event: DomainEvent = {
    type: "renewal:preflight-failed",
    at: engine.clock.now(),
    token: member.declared.key,
    failures: failures.map(withCode),
  };
  engine.emit(event);
  const isInUse = desired !== null && desired.expAt > engine.clock.now();
  const isRevoking = isInUse && member.issuer.capabilities.overlap === "none";
  if (!isRevoking && (urgent || failures.length < member.berths.length)) return;
  const why = isRevoking
    ? "not every target could take it, and the issuer revokes the old one at once"
    : "no target could take it";
  const { code } = first.error;
  // Its own code is told after it: those that have it too come last, without it.
  const others = failures.filter(({ error }) => error.code !== code).map(withCode);
  const alike = failures
    .filter(({ error }) => error.code === code)
    .map(({ label, error }) => `${label}: ${error.message}`);
  throw new RenewdError(code, `nothing was asked for, because ${why}: ${[...others, ...alike].join("; ")}`);
}

interface Refusal {
  readonly label: string;
  readonly error: RenewdError;
}

function withCode({ label, error }: Refusal): string {
  return `${label}: ${error.message} (${error.code})`;
}

async function tryPlace(work: TokenWork, berth: Berth): Promise<RenewdError | undefined> {
  const { engine, tenure } = work;
  try {
    await throughBreaker(engine, { kind: "store", key: berth.declared.store, call: "preflight" }, () =>
      tenure.call(STORE_CALL_LIMIT_MS, (signal) => berth.place.preflight(signal)),
    );
    return undefined;
  } catch (thrown) {
    if (thrown instanceof LeaseLost) throw thrown;
    if (thrown instanceof NotAdmitted) return new RenewdError("store_unreachable", thrown.message);
    return toRenewdError(thrown);
  }
}
