import { z } from "zod";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../core/duration.ts";
import { isLoopback } from "../../core/loopback.ts";
import type { SecretRef } from "../../core/ports.ts";
import { type Connection, connectionFields, duration, plainUrl, secretRef } from "../fields.ts";

export interface AlertmanagerOptions extends Connection {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: SecretRef | undefined;
  readonly bearer?: SecretRef | undefined;
  readonly resend: number;
  readonly lasts: number;
}

export const optionsSchema: z.ZodType<AlertmanagerOptions> = z
  .strictObject({
    url: plainUrl.describe("Where Alertmanager lives, without `/api/v2`: http://alertmanager:9093."),
    user: z.string().min(1).max(200).optional().describe("The user of its basic authentication."),
    password: secretRef.optional().describe("The password of `user`."),
    bearer: secretRef.optional().describe("A bearer token, instead of `user` and `password`."),
    resend: duration(10 * SECOND_MS, HOUR_MS)
      .prefault("1m")
      .describe("How often what still fires is told again."),
    lasts: duration(60 * SECOND_MS, DAY_MS)
      .prefault("15m")
      .describe("How long an alert goes on firing when renewd says nothing more: longer than a restart takes."),
    ...connectionFields,
  })
  .superRefine((options, context) => {
    for (const [field, message] of contradictions(options))
      context.addIssue({ code: "custom", path: [field], message });
  });

function contradictions(options: AlertmanagerOptions): readonly (readonly [keyof AlertmanagerOptions, string])[] {
  const { url, user, password, bearer, resend, lasts } = options;
  const found: [keyof AlertmanagerOptions, string][] = [];
  if (user !== undefined && password === undefined) found.push(["password", "`user` needs it"]);
  if (user === undefined && password !== undefined) found.push(["user", "`password` needs it"]);
  if (user?.includes(":") === true) found.push(["user", "a user of basic authentication has no colon (RFC 7617 §2)"]);
  if (bearer !== undefined && password !== undefined)
    found.push(["bearer", "give either this or `user` and `password`"]);
  const { protocol, hostname } = new URL(url);
  if ((password ?? bearer) !== undefined && protocol === "http:" && !isLoopback(hostname))
    found.push(["url", "a password or token would be sent in clear; use https"]);
  if (lasts < 3 * resend)
    found.push(["lasts", "at least three times `resend`, or a lost call resolves what still fires"]);
  return found;
}
