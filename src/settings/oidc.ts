import { z } from "zod";
import { MINUTE_MS } from "../core/duration.ts";
import { isLoopback } from "../core/loopback.ts";
import type { OidcSettings } from "../core/settings.ts";
import { duration, secretRef } from "./fields.ts";
import type { Report } from "./report.ts";

const CALLBACK_PATH = "/sign-in/oidc/callback";
const LONGEST_TIMEOUT_MS: number = MINUTE_MS;

/** The text is never repeated: it may hold a password. */
function url(message: string, fits: (url: URL) => boolean): z.ZodType<string, string> {
  return z.string(message).transform((text, context) => {
    const found = URL.parse(text);
    if (found !== null && found.username === "" && found.password === "" && found.hash === "" && fits(found))
      return text;
    context.issues.push({ code: "custom", input: undefined, message });
    return z.NEVER;
  });
}

const issuerUrl = url(
  "is not an OpenID provider's name; write https://host, perhaps with a path (plain http for this machine only)",
  (found) => isSafe(found) && found.search === "" && !found.pathname.includes("/.well-known/"),
);

const redirectUrl = url(
  `is not renewd's own address for answers; write https://host${CALLBACK_PATH}, as it is registered at the provider`,
  (found) => isSafe(found) && found.search === "" && found.pathname === CALLBACK_PATH,
);

const proxyUrl = url("is not a proxy; write http://host:port", ({ protocol }) => /^https?:$/.test(protocol));

/** RFC 6749 §3.3. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, "is not one scope; write it without spaces");
const values = z.array(z.string().min(1).max(500)).max(500).prefault([]);

export const oidcShape = z
  .strictObject({
    issuer: issuerUrl.describe("The provider, as it calls itself: `issuer` of its /.well-known/openid-configuration."),
    client_id: z.string().min(1).max(500),
    client_secret: secretRef.optional().describe("None for a public client; PKCE is used either way."),
    auth: z
      .enum(["client_secret_basic", "client_secret_post"])
      .prefault("client_secret_basic")
      .describe("How the client's secret is sent."),
    redirect_url: redirectUrl.describe(`https://HOST${CALLBACK_PATH}; HOST is one of \`names\`.`),
    scopes: z.array(scope).max(50).prefault([]).describe("What to ask for besides `openid`."),
    claim: z.string().min(1).max(200).prefault("groups").describe("What of a person decides; `a.b` is b within a."),
    operators: values.describe("Values of the claim whose bearers may do everything."),
    viewers: values.describe("Values of the claim whose bearers may look."),
    label: z.string().min(1).max(60).optional().describe("What people call the provider; its host by default."),
    ca: z
      .strictObject({ file: z.string().min(1).max(4096) })
      .optional()
      .describe("PEM of a private authority."),
    proxy: proxyUrl.optional(),
    timeout: duration(100).prefault("10s").describe("For one call to the provider."),
  })
  .describe("Sign-in to the dashboard at an OpenID provider.");

/** `knownNames`: by which the server may be called. */
export function readOidc(
  report: Report,
  read: z.infer<typeof oidcShape> | undefined,
  knownNames: readonly string[],
): OidcSettings | null {
  if (read === undefined) return null;
  const at = (name: string): readonly string[] => ["http", "oidc", name];
  const { hostname } = new URL(read.redirect_url);
  if (!isLoopback(hostname) && !knownNames.some((name) => name.toLowerCase() === hostname))
    report.add(at("redirect_url"), "is at a host that this server does not go by", `Add ${hostname} to http.names.`);
  if (read.operators.length + read.viewers.length === 0)
    report.add(
      at("operators"),
      "lets nobody in, nor does `viewers`",
      "Name values of the claim, such as [renewd-operators].",
    );
  if (read.timeout > LONGEST_TIMEOUT_MS) report.add(at("timeout"), "is too long", "Write at most 1m.");
  return {
    issuer: read.issuer,
    clientId: read.client_id,
    clientSecret: read.client_secret ?? null,
    auth: read.auth,
    redirectUrl: read.redirect_url,
    scopes: [...new Set(["openid", ...read.scopes])],
    claim: read.claim,
    operators: read.operators,
    viewers: read.viewers,
    label: read.label ?? new URL(read.issuer).host,
    ca: read.ca ?? null,
    proxy: read.proxy ?? null,
    timeoutMs: read.timeout,
  };
}

function isSafe(found: URL): boolean {
  return found.protocol === "https:" || (found.protocol === "http:" && isLoopback(found.hostname));
}
