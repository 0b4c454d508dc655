import { admit } from "../core/breaker.ts";
import { formatInstant, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { LifetimeLimits } from "../core/ports.ts";
import type { ServiceKey } from "../core/state-store.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";
import { limited } from "./limited.ts";

const CALL_LIMIT_MS: number = 10 * SECOND_MS;
const KEPT_MS: number = MINUTE_MS;
const UNTOLD: LifetimeLimits = { longestMs: null, latestAt: null };

/**
 * What the issuers allow, for people who look at a page: an issuer is asked about a token once a minute at most. It never
 * takes a probe from a token that is due, and its failures do not count against the issuer: who only looks may not hold a
 * renewal up.
 */
export class Limits {
  readonly #engine: Engine;
  /** A reload makes other members, so that nothing outlives its settings. */
  readonly #known = new WeakMap<Member, { readonly atUptimeMs: number; readonly answer: Promise<LifetimeLimits> }>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async read(member: Member, stop: AbortSignal): Promise<LifetimeLimits> {
    if (member.issuer.limits === undefined) return UNTOLD;
    const known = this.#known.get(member);
    const nowMs = this.#engine.clock.uptimeMs();
    if (known !== undefined && nowMs < known.atUptimeMs + KEPT_MS) return known.answer;
    const answer = this.#ask(member, stop);
    this.#known.set(member, { atUptimeMs: nowMs, answer });
    return answer;
  }

  async #ask({ declared, issuer }: Member, stop: AbortSignal): Promise<LifetimeLimits> {
    const { clock } = this.#engine;
    await this.#mustBeAdmitted({ kind: "issuer", key: declared.issuer });
    try {
      const asked = limited(clock, CALL_LIMIT_MS, stop, async (signal) => issuer.limits?.(declared.request, signal));
      return (await asked) ?? UNTOLD;
    } catch (thrown) {
      throw toRenewdError(thrown);
    }
  }

  async #mustBeAdmitted(service: ServiceKey): Promise<void> {
    const now = this.#engine.clock.now();
    const admission = await this.#engine.state.changeBreaker(service, (breaker) => {
      const found = admit(breaker, now);
      return { breaker: found.admitted && !found.probe ? found.breaker : breaker, answer: found };
    });
    if (admission.admitted && !admission.probe) return;
    const until = admission.admitted
      ? "until a renewal has shown that it is well"
      : `until ${formatInstant(admission.until)}`;
    throw new RenewdError("issuer_unreachable", `issuer ${service.key} is failing: it is not asked ${until}`);
  }
}
