import { createHash } from "node:crypto";
import { DAY_MS, formatInstant, type Instant, MINUTE_MS, NEVER_AT, SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { MintOrder } from "../../core/ports.ts";
import { needsLifetime } from "./placeholders.ts";

/** What may stand in a placeholder's stead. */
export type Value = string | number | readonly string[] | Readonly<Record<string, string>>;

/** What each name stands for; undefined: nothing is to be said, so a member of the body that is nothing else is left out. */
export type Values = ReadonlyMap<string, Value | undefined>;

const UNIT_MS = { lifetime_seconds: SECOND_MS, lifetime_minutes: MINUTE_MS, lifetime_days: DAY_MS } as const;

/** The values of an order, of those names that are used. The same for each repetition of an order. */
export function orderValues(order: MintOrder, used: ReadonlySet<string>): Values {
  const values = new Map<string, Value | undefined>([
    ["name", order.name],
    ["comment", order.comment ?? ""],
    ["roles", order.request.roles],
    ["roles_object", levelsOf(order.request.roles)],
    ["idempotency_key", idempotencyKey(order)],
  ]);
  for (const name of used) {
    if (needsLifetime(name)) values.set(name, lifetimeValue(order, name));
  }
  const variables = (order.request.detail["variables"] ?? {}) as Readonly<Record<string, string>>;
  for (const [name, value] of Object.entries(variables)) values.set(`variables.${name}`, value);
  return values;
}

function lifetimeValue({ expAt, lifetimeMs }: MintOrder, name: string): string | number | undefined {
  if (expAt === NEVER_AT) return undefined;
  if (name === "expires_at") return formatInstant(expAt);
  if (name === "expires_date") {
    if (lifetimeMs < DAY_MS) throw tooShort("the issuer counts in days, and less than one was asked for");
    return formatInstant(startOfNextDay(expAt)).slice(0, 10);
  }
  const count = Math.floor(lifetimeMs / UNIT_MS[name as keyof typeof UNIT_MS]);
  if (count < 1) throw tooShort(`less than one of {{${name}}} was asked for`);
  return count;
}

/** A date ends at its own midnight, so that of the day after is the first that is not too early. */
function startOfNextDay(at: Instant): Instant {
  return Math.ceil(at / DAY_MS) * DAY_MS;
}

/**
 * What is surely granted of a lifetime. In whole units it is rounded down, and a date may fall up to a day before the
 * end: then a day less is counted on, so that the date is neither later than the settings say nor earlier than counted.
 */
export function grantedMs(lifetimeMs: number, used: ReadonlySet<string>): number {
  const units = Object.entries(UNIT_MS).flatMap(([name, unitMs]) => (used.has(name) ? unitMs : []));
  const wholeMs = units.reduce((restMs, unitMs) => Math.floor(restMs / unitMs) * unitMs, lifetimeMs);
  return used.has("expires_date") ? wholeMs - DAY_MS : wholeMs;
}

/** `contents:read` -> `{ contents: "read" }`. */
function levelsOf(roles: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    roles.map((role) => {
      const colon = role.indexOf(":");
      return colon < 0 ? [role, ""] : [role.slice(0, colon), role.slice(colon + 1)];
    }),
  );
}

/** One for each order and the same in its repetitions, in the form of a UUID (RFC 9562 §5.8), which every issuer takes. */
function idempotencyKey(order: MintOrder): string {
  const { kind, name, expAt, baseId, base } = order;
  const whole = JSON.stringify([kind, name, expAt, baseId, base?.sha256 ?? null]);
  const hex = createHash("sha256").update(whole).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

function tooShort(message: string): RenewdError {
  return new RenewdError("lifetime_refused", message, { sent: false });
}
