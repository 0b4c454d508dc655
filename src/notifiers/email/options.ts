import { z } from "zod";
import { MINUTE_MS } from "../../core/duration.ts";
import { isLoopback } from "../../core/loopback.ts";
import type { SecretRef } from "../../core/ports.ts";
import { caField, type Connection, duration, secretRef } from "../fields.ts";

const MOST_RECIPIENTS = 50;

export interface EmailOptions extends Omit<Connection, "proxy"> {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: SecretRef | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly insecure: boolean;
}

const smtpUrl: z.ZodType<string, string> = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const bare = url !== null && [url.username, url.password, url.search, url.hash].every((part) => part === "");
  if (bare && /^smtps?:$/.test(url.protocol) && url.hostname !== "" && /^\/?$/.test(url.pathname))
    return `${url.protocol}//${url.host}`;
  // The text is not repeated: it may hold a password.
  const message = "expected smtp://host:587 or smtps://host, without user, path and query";
  context.issues.push({ code: "custom", input: undefined, message });
  return z.NEVER;
});

/** A bare one, as browsers take it: a host without a dot is fine (`root@localhost`). */
const address = z.email({ pattern: z.regexes.html5Email });

export const optionsSchema: z.ZodType<EmailOptions> = z
  .strictObject({
    url: smtpUrl.describe("The mail server: smtp://host:587 (with STARTTLS) or smtps://host:465."),
    user: z.string().min(1).max(200).optional().describe("Whom to sign in as."),
    password: secretRef.optional().describe("The password of `user`."),
    from: address.describe("The sender's address."),
    to: z.array(address).min(1).max(MOST_RECIPIENTS).describe("Who gets the mails."),
    insecure: z.boolean().default(false).describe("Send without TLS. On this machine that needs no saying."),
    ca: caField,
    timeout: duration(100, MINUTE_MS).prefault("30s").describe("How long sending one mail may take."),
  })
  .superRefine((options, context) => {
    for (const [field, message] of contradictions(options))
      context.addIssue({ code: "custom", path: [field], message });
  });

function contradictions(options: EmailOptions): readonly (readonly [keyof EmailOptions, string])[] {
  const { url, user, password, insecure, ca } = options;
  const found: [keyof EmailOptions, string][] = [];
  if (user !== undefined && password === undefined) found.push(["password", "`user` needs it"]);
  if (user === undefined && password !== undefined) found.push(["user", "`password` needs it"]);
  if (insecure && url.startsWith("smtps:"))
    found.push(["insecure", "smtps:// is TLS; write smtp:// or leave this out"]);
  if (insecure && ca !== undefined) found.push(["insecure", "`ca` is of no use without TLS; leave one of them out"]);
  if (insecure && password !== undefined && !isLoopback(new URL(url).hostname))
    found.push(["insecure", "the password would be sent in clear"]);
  return found;
}
