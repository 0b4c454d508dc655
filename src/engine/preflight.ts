import type { DomainEvent } from "../core/events.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Berth } from "./fleet.ts";
import type { TokenWork } from "./work.ts";
import { NotAdmitted, throughBreaker } from "./service.ts";
import { LeaseLost } from "./tenure.ts";

export const STORE_CALL_LIMIT_MS = 60_000;

/**
 * Asks, before anything is minted, whether our own state and every target could take a token now. Without our own state
 * nothing is minted, ever. Without any target it waits until the renewal is urgent; an issuer that revokes the old token
 * needs all of them.
 */
export async function preflight(work: TokenWork, urgent: boolean): Promise<void> {
  const { engine, member } = work;
  await engine.state.preflight();
  const failures: { readonly label: string; readonly error: RenewdError }[] = [];
  for (const berth of member.berths) {
    const error = await tryPlace(work, berth);
    if (error !== undefined) failures.push({ label: berth.declared.label, error });
  }
  const first = failures[0];
  if (first === undefined) return;
  const said = failures.map(({ label, error }) => `${label}: ${error.message} (${error.code})`);
  const event: DomainEvent = {
    type: "renewal:preflight-failed",
    at: engine.clock.now(),
    token: member.declared.key,
    failures: said,
  };
  engine.emit(event);
  const tooMany = member.issuer.capabilities.overlap === "none" || failures.length === member.berths.length;
  if (tooMany && !urgent) {
    throw new RenewdError(
      first.error.code,
      `nothing was asked for, because no target could take it: ${said.join("; ")}`,
    );
  }
}

async function tryPlace(work: TokenWork, berth: Berth): Promise<RenewdError | undefined> {
  const { engine, tenure } = work;
  try {
    await throughBreaker(engine, { kind: "store", key: berth.declared.store }, () =>
      tenure.call(STORE_CALL_LIMIT_MS, (signal) => berth.place.preflight(signal)),
    );
    return undefined;
  } catch (thrown) {
    if (thrown instanceof LeaseLost) throw thrown;
    if (thrown instanceof NotAdmitted) return new RenewdError("store_unreachable", thrown.message);
    return toRenewdError(thrown);
  }
}
