import { z } from "zod";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import { duration, key, keyed, listenAddress, secretRef, span } from "./fields.ts";
import { oidcShape } from "./oidc.ts";

/**
 * The shape of everything in a settings file that is not an adapter's own. Each part is checked by itself, so that a
 * mistake in one hides none in another. `describe` texts end up in the JSON Schema that editors show.
 */

export const rootShape = z.strictObject({
  version: z.literal(1).describe("The version of this format."),
  instance: z.unknown().optional(),
  tick: z.unknown().optional(),
  state: z.unknown().optional(),
  http: z.unknown().optional(),
  issuers: z.unknown().optional(),
  stores: z.unknown().optional(),
  policies: z.unknown().optional(),
  tokens: z.unknown().optional(),
  defaults: z.unknown().optional(),
  alerts: z.unknown().optional(),
});

export const instanceShape = key
  .prefault("default")
  .describe("The name of this renewd; goes into the ownership marks it leaves at targets.");

export const tickShape = z
  .string("is not a cron expression of six fields")
  .prefault("*/30 * * * * *")
  .describe("How often to look: a cron expression of six fields, seconds first, in UTC.");

export const stateShape = z
  .strictObject({
    url: z
      .union([z.string(), secretRef], "is not an address of a state; write sqlite:./renewd.db")
      .prefault("sqlite:./renewd.db")
      .describe("sqlite:PATH, relative to this file's folder."),
    keys: z
      .array(secretRef)
      .max(16)
      .prefault([])
      .describe(
        "Seal the tokens in the state: the first seals, all open. Without any, one is generated beside the file.",
      ),
  })
  .prefault({});

export const httpShape = z
  .strictObject({
    listen: listenAddress.prefault("127.0.0.1:8080").describe("host:port of health, metrics, API and status page."),
    names: z
      .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, "is not a host name"))
      .max(16)
      .prefault([])
      .describe("Host names that changing calls and the page may come by, besides the address and the loopback's."),
    tokens: keyed(
      z.strictObject({
        role: z.enum(["viewer", "operator", "metrics"]).describe("What the bearer of this API token may do."),
        secret: secretRef,
      }),
    )
      .prefault({})
      .describe("API tokens by name; a secret of fewer than 16 characters lets nobody in."),
    oidc: oidcShape.optional(),
  })
  .optional();

/** An issuer or a store before its type is known. */
export const serviceShape = z.looseObject({ type: z.string() });

const windowShape = z.strictObject({
  opens: z
    .string()
    .describe(
      "A cron expression of five fields, minutes first: when the window opens. " +
        "Where day of month and weekday are both given, both must match (classic cron takes either).",
    ),
  for: duration(MINUTE_MS).describe("How long it stays open, by elapsed time."),
  timezone: z.string().prefault("UTC").describe("The IANA name of the zone of `opens`."),
});

export const policyShape = z.strictObject({
  renew_before: span.prefault("33%").describe("Life still left when renewal starts, of the issued lifetime."),
  jitter: span.prefault("5%").describe("At most this much earlier, drawn once for each issue."),
  renew_every: duration(MINUTE_MS)
    .optional()
    .describe("How long a token without an end is reckoned to live; without this such tokens are refused."),
  repair: duration().prefault("24h").describe("Kept free before the deadline for mending things by hand."),
  windows: z
    .array(windowShape)
    .max(16)
    .prefault([])
    .describe("A renewal starts only inside one of these; none means at any time."),
});

const labelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/, "is not a label; begin with a letter or _, go on with letters, digits and _");

/** The texts that alerts are routed by. */
const labelsShape: z.ZodType<Record<string, string>, Record<string, string> | undefined> = z
  .record(labelName, z.string().min(1).max(200))
  .prefault({});

export const tokenShape = z.strictObject({
  issuer: z.string().describe("The key of the issuer that mints it."),
  name: z.string().min(1).max(75).optional().describe("Its name at the issuer; its key here when left out."),
  comment: z.string().min(1).max(500).optional().describe("What it is for, in your own words."),
  labels: labelsShape.describe("Alerts carry these and are routed by them, such as `team: data`."),
  create: z.boolean().prefault(false).describe("May it be minted when the issuer has none of this name?"),
  request: z.record(z.string(), z.unknown()).describe("What to ask for, in the issuer's own words."),
  policy: z.string().prefault("default").describe("The key of its policy."),
  targets: keyed(z.record(z.string(), z.unknown())).describe("Where it is delivered to, by label."),
});

export const reloadShape = z.strictObject({
  command: z.array(z.string().min(1)).min(1).max(64).describe("argv, no shell; runs only under `--allow-commands`."),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not the name of an environment variable"),
      z.union([z.string(), secretRef]),
    )
    .prefault({})
    .describe("The whole environment of the command."),
  timeout: duration(SECOND_MS).prefault("30s"),
});

/** The keys that every target has; its other keys are the store's. */
export const targetShape = z.strictObject({
  store: z.string().describe("The key of the store."),
  hold: duration().describe("The longest a consumer goes on using what it read."),
  propagation: duration().optional().describe("How long a write takes to become visible; the store's own by default."),
  observe: duration(SECOND_MS).optional().describe("How often to look at what it holds; the store's own by default."),
  format: z
    .enum(["raw", "json", "dotenv"])
    .optional()
    .describe("The token alone, or under `key` in a JSON object or dotenv file."),
  key: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe("The key that the token stands under; means `format: json` by itself."),
  create: z.boolean().optional().describe("May the secret itself be created? The store's own default otherwise."),
  reload: reloadShape.optional().describe("Told after each new token was proved to be there."),
});

export const defaultsShape = z
  .strictObject({
    token: z.record(z.string(), z.unknown()).prefault({}).describe("Merged under every token."),
    target: z.record(z.string(), z.unknown()).prefault({}).describe("Merged under every target."),
  })
  .prefault({});

const routeShape = z.strictObject({
  to: z.array(key).min(1).max(16).describe("Keys of channels."),
  severity: z
    .enum(["info", "warning", "critical"])
    .prefault("warning")
    .describe("Tells what is of this severity or graver."),
  match: labelsShape.describe(
    "All must hold, such as `token: airflow-*`: alertname, instance, reason, severity, token, name, issuer, target, store, channel, or a label of the token.",
  ),
});

export const alertsShape = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: "is not an http(s) address" })
      .optional()
      .describe("Where people open the dashboard; alerts link to it."),
    runbooks: z
      .url({ protocol: /^https?$/, error: "is not an http(s) address" })
      .optional()
      .describe("The page of runbooks that alerts link to; `#reason` is appended. renewd's own docs by default."),
    channels: z.unknown().optional(),
    routes: z
      .array(routeShape)
      .max(100)
      .optional()
      .describe("Every route that fits tells its channels. Without any, each channel is told of warnings and worse."),
  })
  .prefault({});

/** The longest a window may stay open; longer means always. */
export const LONGEST_WINDOW_MS: number = 366 * DAY_MS;
