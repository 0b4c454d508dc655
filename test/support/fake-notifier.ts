/** An alert channel that a test holds in its hands; it follows the contract of core/notifier.ts. */
import type { Alert, Pulse } from "../../src/core/alert.ts";
import type { RenewdError } from "../../src/core/errors.ts";
import type { AlertNotifier, HeartbeatNotifier, NotifierCapabilities } from "../../src/core/ports.ts";

export class FakeNotifier implements AlertNotifier {
  readonly kind = "alerts";
  readonly capabilities: NotifierCapabilities;
  /** What it took, a call each. */
  readonly calls: (readonly Alert[])[] = [];
  /** How often it was called, also when it failed. */
  tries = 0;
  failure: RenewdError | undefined;
  /** Refuses a call that holds an alert of which this is true. */
  refuses: (alert: Alert) => RenewdError | undefined = () => undefined;
  /** While set, calls wait for it. */
  gate: Promise<void> | undefined;

  constructor(capabilities: Partial<NotifierCapabilities> = {}) {
    this.capabilities = { resendMs: null, keepsUntilEnd: false, batchMax: 10, intervalMs: 0, ...capabilities };
  }

  async notify(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    this.tries += 1;
    if (this.gate !== undefined) await Promise.race([this.gate, aborted(signal)]);
    const refused = alerts.map((alert) => this.refuses(alert)).find((error) => error !== undefined);
    const failure = this.failure ?? refused;
    if (failure === undefined || failure.code === "channel_partly") this.calls.push(alerts);
    if (failure !== undefined) throw failure;
  }

  /** "opened late token-1/a" and so on, in the order in which it was told. */
  get told(): readonly string[] {
    return this.calls.flat().map(({ cause, labels }) => {
      const { reason, token = "-", target } = labels;
      return `${cause} ${reason ?? ""} ${token}${target === undefined ? "" : `/${target}`}`;
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export class FakeHeartbeat implements HeartbeatNotifier {
  readonly kind = "heartbeat";
  readonly everyMs: number;
  readonly pulses: Pulse[] = [];
  failure: RenewdError | undefined;

  constructor(everyMs: number) {
    this.everyMs = everyMs;
  }

  beat(pulse: Pulse): Promise<void> {
    this.pulses.push(pulse);
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")), { once: true });
  });
}
