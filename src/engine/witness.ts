import { MINUTE_MS } from "../core/duration.ts";
import type { Engine } from "./engine.ts";
import { limited } from "./limited.ts";
import { throughBreaker } from "./service.ts";

/** No issuer is asked for the time more often. */
export const WITNESS_EVERY_MS: number = 60 * MINUTE_MS;

/**
 * Holds a doubted clock against the issuers, one after the other until one agrees: else the doubt would last until a token
 * is due, which may be weeks. What they say of the time reaches the clock's watch by itself.
 */
export async function askTheTime(engine: Engine, stop: AbortSignal): Promise<void> {
  const asked = new Set<string>();
  for (const { declared, issuer } of engine.fleet().members.values()) {
    if (engine.watch.trusted || stop.aborted) return;
    if (asked.has(declared.issuer)) continue;
    asked.add(declared.issuer);
    const service = { kind: "issuer", key: declared.issuer, call: "probe" } as const;
    const probe = (): Promise<unknown> =>
      limited(engine.clock, issuer.callLimitMs, stop, (signal) => issuer.probe([declared.request], signal));
    // One that cannot be asked is no witness; that it fails is told by its breaker.
    await throughBreaker(engine, service, probe).catch(() => undefined);
  }
}
