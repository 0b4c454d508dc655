import { z } from "zod";
import { MINUTE_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { SecretRef, TokenFlags } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";
import { type Connection, connectionFields, duration, secretRef, size } from "../fields.ts";
import { isFit } from "./urls.ts";

const AUTH = ["client_secret_basic", "client_secret_post", "private_key_jwt"] as const;
const VERIFY = ["auto", "jwks", "introspection", "none"] as const;

/** Signatures that only the holder of a private key can make (RFC 7518 §3.1, RFC 8037): `none` and HMAC are not among them. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** What renewd itself puts into a request. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set([
  "grant_type",
  "scope",
  "audience",
  "resource",
  "client_id",
  "client_secret",
  "client_assertion",
  "client_assertion_type",
]);

export type Algorithm = (typeof ALGORITHMS)[number];

export interface OAuth2Options extends Connection {
  readonly issuer?: string | undefined;
  readonly token_endpoint?: string | undefined;
  readonly jwks_uri?: string | undefined;
  readonly introspection_endpoint?: string | undefined;
  readonly revocation_endpoint?: string | undefined;
  readonly client_id: string;
  readonly auth: (typeof AUTH)[number];
  readonly client_secret?: SecretRef | undefined;
  readonly private_key?: SecretRef | undefined;
  readonly alg?: Algorithm | undefined;
  readonly key_id?: string | undefined;
  readonly audience_of_assertion?: string | undefined;
  readonly verify: (typeof VERIFY)[number];
  readonly algorithms: readonly Algorithm[];
  readonly subject?: string | undefined;
  /** Scopes that the server adds by itself, as OpenID providers do; what a token has of them does not matter. */
  readonly ignore_scopes: readonly string[];
  readonly overlap: "kept" | "none";
}

/** A text that goes into a form or a header. */
const word = z.string().min(1).max(500);

const endpoint: z.ZodType<string, string> = z.string().transform((text, context) => {
  if (isFit(text)) return text;
  // The text is not repeated: it may hold a password.
  const message = "expected https://host/path without user and fragment; plain http is for this machine only";
  context.issues.push({ code: "custom", input: undefined, message });
  return z.NEVER;
});

export const optionsSchema: z.ZodType<OAuth2Options> = z
  .strictObject({
    issuer: endpoint.optional().describe("As the server writes it; finds the endpoints."),
    token_endpoint: endpoint.optional().describe("Given, nothing is looked up."),
    jwks_uri: endpoint.optional().describe("Where the server's keys are, instead of what was found."),
    introspection_endpoint: endpoint
      .optional()
      .describe("Where a token can be asked about, instead of what was found."),
    revocation_endpoint: endpoint.optional().describe("Where a token can be ended, instead of what was found."),
    client_id: word.describe("As the server knows renewd."),
    auth: z.enum(AUTH).default("client_secret_basic").describe("How the client proves itself."),
    client_secret: secretRef.optional().describe("For `client_secret_basic` and `client_secret_post`."),
    private_key: secretRef.optional().describe("For `private_key_jwt`: PKCS#8 in PEM, or a JWK."),
    alg: z
      .enum(ALGORITHMS)
      .optional()
      .describe("How the assertion of `private_key_jwt` is signed; by the kind of the key by default."),
    key_id: word.optional().describe("Its `kid`."),
    audience_of_assertion: word.optional().describe("Its `aud`; the issuer, else the token endpoint, by default."),
    verify: z
      .enum(VERIFY)
      .default("auto")
      .describe("How a token is proved; `auto` by the server's keys where it publishes any."),
    algorithms: z
      .array(z.enum(ALGORITHMS))
      .min(1)
      .default([...ALGORITHMS])
      .describe("By which a token may be signed."),
    subject: word.optional().describe("What `sub` must be; without it the token's client is held against `client_id`."),
    ignore_scopes: z
      .array(word)
      .max(50)
      .default([])
      .describe("Scopes that the server adds unasked and that do not matter."),
    overlap: z.enum(["kept", "none"]).default("kept").describe("`none` where a new grant revokes the old token."),
    ...connectionFields,
    max_response: size.prefault("1MiB").describe("The largest answer that is read."),
  })
  .superRefine((options, context) => {
    for (const [field, message] of contradictions(options))
      context.addIssue({ code: "custom", path: [field], message });
  });

/** What each field lacks, given the others. */
function contradictions(options: Partial<OAuth2Options>): readonly (readonly [keyof OAuth2Options, string])[] {
  const { issuer, token_endpoint, auth, verify } = options;
  const found: [keyof OAuth2Options, string][] = [];
  if (issuer === undefined && token_endpoint === undefined)
    found.push(["issuer", "give `issuer`, by which the endpoints are found, or `token_endpoint`"]);
  if (issuer?.includes("/.well-known/") === true)
    found.push(["issuer", "give the issuer's name alone; where its document lies is known (`/.well-known/…`)"]);
  // RFC 8414 §2.
  if (issuer !== undefined && new URL(issuer).search !== "") found.push(["issuer", "an issuer's name has no query"]);
  const byKey = auth === "private_key_jwt";
  const [needed, useless] = byKey
    ? (["private_key", "client_secret"] as const)
    : (["client_secret", "private_key"] as const);
  if (options[needed] === undefined) found.push([needed, `\`auth: ${auth}\` needs it`]);
  if (options[useless] !== undefined) found.push([useless, `\`auth: ${auth}\` does not use it`]);
  for (const field of ["alg", "key_id", "audience_of_assertion"] as const)
    if (!byKey && options[field] !== undefined) found.push([field, "it belongs to `auth: private_key_jwt`"]);
  if (token_endpoint === undefined) return found;
  if (verify === "jwks" && options.jwks_uri === undefined)
    found.push(["jwks_uri", "`verify: jwks` needs it where `token_endpoint` is given"]);
  if (verify === "introspection" && options.introspection_endpoint === undefined)
    found.push(["introspection_endpoint", "`verify: introspection` needs it where `token_endpoint` is given"]);
  return found;
}

export interface OAuth2Request {
  readonly scope: readonly string[];
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
  readonly lifetime?: number | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly retire: boolean;
}

/** RFC 6749 §3.3. */
const scope = z
  .string()
  .max(500)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "expected one scope, without spaces");

/** RFC 8707 §2: an absolute URI without a fragment. */
const resource = word.refine((text) => URL.canParse(text) && !text.includes("#"), "expected an absolute URI");

const parameterName = word.refine((name) => !OWN_PARAMETERS.has(name), "renewd sets this parameter itself");

export const requestSchema: z.ZodType<OAuth2Request> = z.strictObject({
  scope: z.array(scope).max(200).default([]).describe("What it is to be able to do; each is a role of the token."),
  audience: word.optional().describe("Sent as `audience`."),
  resource: resource.optional().describe("Sent as `resource` (RFC 8707)."),
  lifetime: duration(MINUTE_MS)
    .optional()
    .describe("What the server grants: it cannot be asked for, and the settings reckon with it."),
  parameters: z
    .record(parameterName, z.string().max(2_000))
    .default({})
    .describe("Whatever else the server wants in the form."),
  retire: z.boolean().default(false).describe("Revoke the old token once no reader can use it any more."),
});

/** What a request sends besides its scopes. */
export const detailSchema = z.object({
  audience: z.string().optional(),
  resource: z.string().optional(),
  parameters: z.record(z.string(), z.string()),
});

/** A client cannot ask for a lifetime: the one given is what the settings reckon with. */
export function readRequest(request: OAuth2Request, options: OAuth2Options): TokenRequest {
  const { audience, resource: indicator, parameters, retire } = request;
  if (retire && !canRevoke(options)) {
    const message = "`retire` needs `revocation_endpoint`, or `issuer` to find it by";
    throw new RenewdError("settings_invalid", message);
  }
  return {
    lifetimeMs: request.lifetime ?? Number.POSITIVE_INFINITY,
    roles: [...new Set(request.scope)].sort(),
    audience: audience ?? indicator ?? null,
    subject: null,
    strategy: "replace",
    retire,
    detail: {
      ...(audience === undefined ? {} : { audience }),
      ...(indicator === undefined ? {} : { resource: indicator }),
      parameters,
    },
  };
}

export function canRevoke(options: OAuth2Options): boolean {
  return options.revocation_endpoint !== undefined || options.token_endpoint === undefined;
}

export function describe(flags: TokenFlags): unknown {
  if (flags.user !== null)
    throw new RenewdError("usage", "--user means nothing to an OAuth2 client: its tokens are its own");
  if (flags.roles.length > 0) throw new RenewdError("usage", "--role means nothing to an OAuth2 server; use --scope");
  return {
    scope: flags.scopes,
    ...(flags.server === null ? {} : { audience: flags.server }),
    ...(flags.lifetime === null ? {} : { lifetime: flags.lifetime }),
  };
}

/** Whom the options speak to, for messages. */
export function placeOf(options: OAuth2Options): string {
  return options.issuer ?? new URL(options.token_endpoint ?? "http://localhost").origin;
}
