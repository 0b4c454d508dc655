/** Alerts to tell of, and notifiers that are made as app.ts makes them. */
import type { Alert } from "../../../src/core/alert.ts";
import { RenewdError } from "../../../src/core/errors.ts";
import type { AlertNotifier, HeartbeatNotifier, NotifierType } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { FakeClock } from "../fake-clock.ts";
import { FakeRandom } from "../fake-random.ts";

const OPENED_AT = Date.parse("2026-07-01T07:30:00Z");

export const NEVER: AbortSignal = new AbortController().signal;

/** A firing one; `who` and the key carry `label`. */
export function alertNamed(label: string, changes: Partial<Alert> = {}): Alert {
  const severity = changes.severity ?? "critical";
  return {
    key: `renewd/prod/${label}/ireland/target_failing`,
    status: "firing",
    cause: "opened",
    severity,
    labelsBefore: null,
    labels: {
      alertname: "RenewdTargetFailing",
      instance: "prod",
      severity,
      reason: "target_failing",
      token: label,
      target: "ireland",
      team: "data",
    },
    lines: {
      who: `${label} -> ireland`,
      until: "Readers from 02:45Z, in 1 h 12 min, hold too short a token.",
      why: "Secrets Manager: AccessDenied on PutSecretValue.",
      next: "Next try 03:20Z, nothing to mint.",
      you: `Restore that permission, then \`renewd renew ${label}\`.`,
    },
    openedAt: OPENED_AT,
    toldTimes: 1,
    resolvedAt: null,
    runbookUrl: "https://docs.example.org/alerts#target_failing",
    pageUrl: `https://renewd.example.org/tokens/${encodeURIComponent(label)}`,
    ...changes,
  };
}

export function over(alert: Alert): Alert {
  const lines = {
    ...alert.lines,
    until: "Over since 08:00Z, after 30 min.",
    next: "It goes on as planned.",
    you: "Nothing.",
  };
  return { ...alert, status: "resolved", cause: "resolved", resolvedAt: OPENED_AT + 1_800_000, lines };
}

export interface Around {
  /** By the name of the variable. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly clock?: FakeClock;
  readonly instance?: string;
}

export function openAlerts(type: NotifierType, options: unknown, around: Around = {}): AlertNotifier {
  const notifier = type.create(contextOf(type, options, around));
  if (notifier.kind !== "alerts") throw new TypeError(`${type.type} tells of no alerts`);
  return notifier;
}

export function openHeartbeat(type: NotifierType, options: unknown, around: Around = {}): HeartbeatNotifier {
  const notifier = type.create(contextOf(type, options, around));
  if (notifier.kind !== "heartbeat") throw new TypeError(`${type.type} has no heart`);
  return notifier;
}

function contextOf(type: NotifierType, options: unknown, { secrets = {}, clock, instance }: Around) {
  return {
    key: "channel",
    options: type.options.parse(options),
    instance: instance ?? "prod",
    version: "1.2.3",
    http: createHttpClient,
    clock: clock ?? new FakeClock(),
    random: new FakeRandom(1),
    readSecret: (ref: object): Promise<SecretText> => {
      const name = "env" in ref ? String(ref.env) : "file" in ref ? String(ref.file) : "";
      const text = secrets[name];
      if (text !== undefined) return Promise.resolve(new SecretText(text));
      return Promise.reject(new RenewdError("secret_unreadable", `the environment variable ${name} is not set`));
    },
    resolvePath: (path: string) => path,
  };
}
