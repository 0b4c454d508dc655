/** What goes over the control socket: `POST /control/<method>` with the arguments as a JSON array, answered by `{result}` or `{error}`. */
import { z } from "zod";
import { CALENDAR_DAYS_MAX } from "../core/calendar.ts";
import type { Control, Created, CreationOrder } from "../core/control.ts";
import { type ErrorCode, ERRORS, RenewdError } from "../core/errors.ts";
import { SecretText } from "../core/secret-text.ts";
import type { Health } from "./health.ts";

/** What the verbs may ask of a daemon that runs, besides what any control answers. */
export interface Remote extends Control {
  /** A one-time sign-in link for the dashboard. Throws `usage` where the daemon serves no HTTP. */
  issueLink(): Promise<string>;
  /** Reads the settings again; answers the problems, none when they are in force. */
  reload(): Promise<readonly string[]>;
  /** What /healthz says, also where the daemon serves no HTTP, and what only its owner is told. */
  health(): Promise<Health & Whose>;
}

/** Whose daemon it is. */
export interface Whose {
  /** The real path of its settings file, as links lead now; none from an earlier version, or while the file is gone. */
  readonly settingsFile?: string | undefined;
}

const token = z.string().max(200);
const instant = z.number();
const calendarDays = z.int().min(1).max(CALENDAR_DAYS_MAX);
const shortText = z.string().max(500);
const names = z.array(shortText).max(200);
const creation: z.ZodType<CreationOrder> = z.strictObject({
  of: z.union([
    z.strictObject({ kind: z.literal("declared"), token }),
    z.strictObject({
      kind: z.literal("described"),
      issuer: token,
      name: shortText.nullable(),
      comment: shortText.nullable(),
      flags: z.strictObject({
        user: shortText.nullable(),
        server: shortText.nullable(),
        roles: names,
        scopes: names,
        lifetime: shortText.nullable(),
      }),
    }),
  ]),
  expAt: instant.nullable(),
  reuse: z.boolean(),
  secret: z
    .string()
    .max(64 * 1024)
    .transform((given) => new SecretText(given))
    .nullable(),
  superuser: z.boolean(),
});

/** The arguments of every method, as they are checked when they come in. */
export const CALLS: { readonly [M in keyof Remote]: z.ZodType<Parameters<Remote[M]>> } = {
  status: z.tuple([]),
  tokenStatus: z.tuple([token]),
  plan: z.tuple([]),
  planOf: z.tuple([token]),
  calendar: z.tuple([calendarDays, token.optional()]),
  calendarDays: z.tuple([
    z.strictObject({ days: calendarDays, words: z.array(shortText).max(100), dayAt: instant.nullable() }),
  ]),
  limits: z.tuple([token]),
  history: z.tuple([token, z.int().min(1).max(10_000)]),
  renew: z.tuple([token, z.number().positive().nullable()]),
  renewal: z.tuple([token, instant]),
  pause: z.tuple([token, instant.nullable(), z.string().max(500).nullable()]),
  resume: z.tuple([token]),
  rollback: z.tuple([token]),
  accept: z.tuple([token]),
  discard: z.tuple([token]),
  createToken: z.tuple([creation]),
  adopt: z.tuple([token, token]),
  issueLink: z.tuple([]),
  reload: z.tuple([]),
  health: z.tuple([]),
};

export type Method = keyof Remote;

export function isMethod(text: string): text is Method {
  return Object.hasOwn(CALLS, text);
}

const answer = z.union([
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
  z.object({ result: z.unknown() }),
]);

/** The result, or throws the daemon's own error. */
export function readAnswer(text: string): unknown {
  const parsed = answer.safeParse(parseJson(text));
  if (!parsed.success) throw new RenewdError("daemon_unreachable", "what answers on the control socket is not renewd");
  if (!("error" in parsed.data)) return parsed.data.result;
  const { code, message } = parsed.data.error;
  throw new RenewdError(isErrorCode(code) ? code : "bug", message);
}

const whose = z.object({ result: z.object({ settingsFile: z.string() }) });

/** What an answer to `health` says of it; from a daemon of an earlier version, which does not know the call, nothing. */
export function readWhose(text: string): Whose {
  return { settingsFile: whose.safeParse(parseJson(text)).data?.result.settingsFile };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

const createdText = z.looseObject({ token: z.string() });

/** The one secret that goes in: over this socket only, which nobody but its owner can open. */
export function sentOrder(order: CreationOrder): unknown {
  return { ...order, secret: order.secret?.reveal() ?? null };
}

/** The one secret that goes out, likewise. */
export function sentCreated(created: Created): unknown {
  return { ...created, token: created.token.reveal() };
}

export function readCreated(result: unknown): Created {
  const read = createdText.parse(result);
  return { ...(read as unknown as Created), token: new SecretText(read.token) };
}
