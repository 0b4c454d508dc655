/** Tells each channel a test alert, so that nobody learns at three in the morning that it does not work. */
import { type Alert, type AlertOrigin, alertOf } from "../core/alert.ts";
import type { Instant } from "../core/duration.ts";
import { type ErrorCode, RenewdError, toRenewdError } from "../core/errors.ts";
import type { Incident, Severity } from "../core/incidents.ts";
import { channelsFor } from "../core/routes.ts";
import { RUNBOOKS } from "../core/runbooks.ts";
import type { Settings } from "../core/settings.ts";
import type { DeclaredToken } from "../core/token.ts";
import { TELL_LIMIT_MS } from "../engine/channel-teller.ts";
import { ClockWatch } from "../engine/clock-watch.ts";
import type { Channel } from "../engine/herald.ts";
import { limited } from "../engine/limited.ts";
import { systemClock } from "../runtime/clock.ts";
import { makeAdapters } from "./adapters.ts";
import type { AssemblyOptions } from "./assembly.ts";

const PINGED = "a dead man's switch: it was pinged as if all were well, whether or not that is so";

export interface AlertTestOrder {
  /** Keys; none: all but the dead man's switches. */
  readonly channels: readonly string[];
  readonly severity: Severity;
  /** The test is about this declared token; null: about renewd itself. */
  readonly token: string | null;
}

export interface AlertTestResult {
  readonly channel: string;
  readonly type: string;
  readonly ok: boolean;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly hint: string | null;
  readonly tookMs: number;
  /** Whether the routes would bring a real alert of this token and severity here; null for a dead man's switch, which is told none. */
  readonly routed: boolean | null;
  readonly lines: readonly string[];
}

/** Throws `unknown_token`, or `usage` for a channel that is not declared. */
export async function alertTest(
  settings: Settings,
  options: AssemblyOptions,
  order: AlertTestOrder,
): Promise<readonly AlertTestResult[]> {
  const declared = order.token === null ? null : declaredToken(settings, order.token);
  const adapters = makeAdapters(settings, options, () => undefined, new ClockWatch(systemClock));
  try {
    const chosen = order.channels.map((key) => channelNamed(adapters.channels, key));
    // A dead man's switch that somebody else listens to is pinged for a test only when it is meant.
    const all = adapters.channels.filter(({ notifier }) => notifier.kind !== "heartbeat");
    const channels = order.channels.length === 0 ? all : chosen;
    return await Promise.all(channels.map((channel) => test(channel, settings, declared, order.severity)));
  } finally {
    await adapters.close();
  }
}

async function test(
  channel: Channel,
  settings: Settings,
  declared: DeclaredToken | null,
  severity: Severity,
): Promise<AlertTestResult> {
  const { key, type, notifier } = channel;
  const { alerts, instance } = settings;
  const origin: AlertOrigin = { instance, pageUrl: alerts.pageUrl, runbooks: alerts.runbooks };
  const firing = testAlert(origin, declared, severity, "test");
  const routed = notifier.kind === "heartbeat" ? null : channelsFor(alerts.routes, severity, firing.labels).has(key);
  const sinceMs = systemClock.monotonicMs();
  const went = (failure?: RenewdError): AlertTestResult => ({
    channel: key,
    type,
    ok: failure === undefined,
    code: failure?.code ?? null,
    message: failure?.message ?? null,
    hint: failure?.hint ?? null,
    tookMs: systemClock.monotonicMs() - sinceMs,
    routed,
    lines: notifier.kind === "heartbeat" ? [PINGED] : [],
  });
  const call = (work: (signal: AbortSignal) => Promise<void>): Promise<void> =>
    limited(systemClock, TELL_LIMIT_MS, new AbortController().signal, work);
  try {
    if (notifier.kind === "heartbeat") {
      await call((signal) =>
        notifier.beat({ at: systemClock.now(), ok: true, lines: ["A test by alert-test."] }, signal),
      );
    } else {
      const end = testAlert(origin, declared, severity, "resolved");
      const failure = await failureOf(call((signal) => notifier.notify([firing], signal)));
      // Who may have been told of the test hears that it is over, whatever came of it.
      const isTold = failure === undefined || failure.code === "channel_partly" || failure.code === "channel_timeout";
      const failureOfEnd = isTold ? await failureOf(call((signal) => notifier.notify([end], signal))) : undefined;
      return went(failure ?? failureOfEnd);
    }
    return went();
  } catch (thrown) {
    return went(toRenewdError(thrown));
  }
}

function failureOf(call: Promise<void>): Promise<RenewdError | undefined> {
  return call.then(
    () => undefined,
    (thrown: unknown) => toRenewdError(thrown),
  );
}

/** Like a real one of this token and severity, but for its reason, its name and its words. */
function testAlert(
  origin: AlertOrigin,
  declared: DeclaredToken | null,
  severity: Severity,
  cause: "test" | "resolved",
): Alert {
  const now: Instant = systemClock.now();
  const incident: Incident = {
    token: declared?.key ?? "",
    target: declared?.targets[0]?.label ?? "test",
    reason: "drift",
    severity,
    message: "Nothing is wrong: somebody ran `renewd alert-test`.",
    next: "It ends this test.",
    action: "Nothing; if this reached you, the channel works.",
    dangerAt: null,
    expAt: null,
    openedAt: now,
    tellAgainAt: now,
    toldTimes: 1,
  };
  const alert = alertOf(incident, origin, { cause, declared, now });
  return {
    ...alert,
    key: alert.key.replace(/drift$/, "test"),
    labels: { ...alert.labels, alertname: "RenewdTest", reason: "test" },
    lines: {
      ...alert.lines,
      until: "No reader is in danger by this test.",
    },
    // Ours tells of no reason that is none.
    runbookUrl: `${origin.runbooks}${origin.runbooks === RUNBOOKS ? "#try-it" : "#test"}`,
  };
}

function declaredToken(settings: Settings, key: string): DeclaredToken {
  const found = settings.tokens.find((token) => token.key === key);
  if (found === undefined) throw new RenewdError("unknown_token", `no token ${key.slice(0, 80)} is declared`);
  return found;
}

function channelNamed(channels: readonly Channel[], key: string): Channel {
  const found = channels.find((channel) => channel.key === key);
  if (found !== undefined) return found;
  const known = channels.map((channel) => channel.key).join(", ") || "none";
  throw new RenewdError("usage", `no alert channel ${key.slice(0, 80)} is declared; there is ${known}`);
}
