import { z } from "zod";
import { HOUR_MS, SECOND_MS } from "../../core/duration.ts";
import { baseUrl, connectionFields, duration, secretRef, size } from "../fields.ts";
import { checkTemplates } from "./check-templates.ts";
import { isPointer } from "./pointer.ts";

/** Which algorithms may sign. None with a shared secret: whoever can prove such a token can make one. */
const algorithm = z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]);

const pointer = z
  .string()
  .max(1_024)
  .refine(isPointer, "is not a JSON pointer; write it as /key, or /list/0/key (RFC 6901)");

const word = z.string().regex(/^[A-Za-z_]\w{0,63}$/, "is not a name of letters, digits and _");
const headerName = z.string().regex(/^[!#$%&'*+.^`|~\w-]{1,128}$/, "is not the name of a header");
const success = z.array(z.number().int().min(200).max(299)).min(1).max(16);
const failure = z.array(z.number().int().min(400).max(599)).max(32);

const parts = {
  path: z.string().max(4_096).describe("Joined to `url`; begins with /."),
  headers: z
    .record(headerName, z.string().max(8_192))
    .prefault({})
    .describe("Sent besides those that every request has."),
  body: z.unknown().optional().describe("JSON; {{…}} in its texts is filled in."),
};
const method = z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]);
const OF_HTTP = "Of HTTP.";

const askShape = z.strictObject({
  ...parts,
  method: method.prefault("POST").describe(OF_HTTP),
  refused: failure
    .prefault([])
    .describe("Statuses by which this issuer says that nothing was made, besides those of HTTP."),
});

const revokeShape = z.strictObject({
  ...parts,
  headers: parts.headers.describe("With `{{token}}` or `{{id}}`, unless the path has it."),
  method: method.prefault("DELETE").describe(OF_HTTP),
  gone: failure.prefault([404, 410]).describe("Statuses by which it says that the token is gone already."),
});

const probeShape = z.strictObject({
  ...parts,
  method: z.literal("GET").prefault("GET").describe(OF_HTTP),
  success: success.prefault([200]).describe("Statuses that are well."),
});

const answerShape = z.strictObject({
  token: pointer.describe("Where in the answer the fresh token stands."),
  id: pointer.optional().describe("The token's id at the issuer."),
  expires_at: pointer.optional().describe("RFC 3339, a date, or seconds or milliseconds since 1970; null: no end."),
  expires_in: pointer.optional().describe("Seconds from the request on."),
  scopes: pointer.optional().describe("A list, a text with spaces between, or a mapping of names to levels."),
  success: success.prefault([200, 201]).describe("Statuses that bring a token."),
});

const verifyShape = z.discriminatedUnion(
  "type",
  [
    z.strictObject({ type: z.literal("opaque").describe("`opaque`: it is believed.") }),
    z.strictObject({
      type: z.literal("jwt").describe("`jwt`: it is proved by its signature."),
      jwks_uri: z
        .url({ protocol: /^https?$/ })
        .max(2_048)
        .optional()
        .describe("`jwt`: where its keys are published."),
      public_keys: z.array(secretRef).min(1).max(16).optional().describe("In PEM."),
      algorithms: z.array(algorithm).min(1).prefault(["RS256"]).describe("`jwt`: by which a token may be signed."),
      issuer: z.string().min(1).max(512).optional().describe("What its claim `iss` must be."),
      audience: z.string().min(1).max(512).optional().describe("What its claim `aud` must hold."),
      scopes: pointer.optional().describe("What it may do: a claim's name, or where in the answer."),
    }),
    z.strictObject({
      type: z
        .literal("request")
        .describe("`opaque`: it is believed. `jwt`: it is proved by its signature. `request`: by asking the issuer."),
      ...parts,
      headers: parts.headers.describe("`request`: with `{{token}}` in one of them, or in the body."),
      method: method.prefault("GET").describe(OF_HTTP),
      prefix: z
        .string()
        .regex(/^[\x21-\x7e]{1,64}$/, "is not a text of 1 to 64 printable characters without spaces")
        .optional()
        .describe(
          "How every token begins: what a target is found to hold and begins otherwise is not shown to the issuer.",
        ),
      success: success.prefault([200]).describe("`request`: statuses that prove it."),
      refused: failure.prefault([401]).describe("Statuses by which it says that the token is no good."),
      active: pointer.optional().describe("`request`: where the answer says `false` of a token that is no good."),
      id: pointer.optional().describe("`request`: the token's id."),
      subject: pointer.optional().describe("`request`: whose it is; held against `account`."),
      scopes: pointer.optional().describe("What it may do: a claim's name, or where in the answer."),
      issued_at: pointer.optional().describe("`request`: when it was made."),
      expires_at: pointer.optional().describe("`request`: when it ends."),
    }),
  ],
  "is none of opaque, jwt, request; write it as { type: opaque } or as one of the others",
);

const jwtShape = z.strictObject({
  key: secretRef.describe("The private key in PEM."),
  algorithm: algorithm.prefault("RS256").describe("How it is signed."),
  key_id: z.string().min(1).max(256).optional().describe("Its `kid`."),
  claims: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .prefault({})
    .describe("What it says, besides its dates."),
  lifetime: duration(10 * SECOND_MS, 24 * HOUR_MS)
    .prefault("5m")
    .describe("How long it lives, from a minute ago on."),
});

export const optionsSchema = z
  .strictObject({
    url: baseUrl.describe("Where the service lives; paths are joined to it."),
    overlap: z
      .enum(["none", "kept"])
      .describe("Does the old token live on after a renewal (kept), or is it revoked at once (none)?"),
    account: z.string().min(1).max(256).optional().describe("Whose tokens these are, as `verify` tells it."),
    secrets: z.record(word, secretRef).prefault({}).describe("For {{secrets.NAME}}."),
    jwt: jwtShape.optional().describe("For {{jwt}}: signed anew for each request."),
    request: askShape.describe("How a token is renewed; also how the first is made, unless it needs a current one."),
    mint: askShape.optional().describe("How a first token is made, where that is another request."),
    answer: answerShape.describe("Where what is in it; JSON pointers such as `/data/0/token`."),
    verify: verifyShape.describe("How a token is proved: `opaque`, `jwt` or `request`."),
    revoke: revokeShape.optional().describe("How an old token is ended."),
    probe: probeShape.optional().describe("What `renewd check` asks."),
    ...connectionFields,
    max_response: size.prefault("1MiB").describe("The largest answer that is read."),
  })
  .superRefine((options, context) => {
    for (const { path, message } of checkTemplates(options))
      context.addIssue({ code: "custom", path: [...path], message, input: undefined });
  });

export type HttpIssuerOptions = z.infer<typeof optionsSchema>;
export type Ask = HttpIssuerOptions["request"];
export type RequestShape = Pick<Ask, "path" | "headers" | "body"> & { readonly method: z.infer<typeof method> };
export type Verify = HttpIssuerOptions["verify"];
export type JwtOptions = NonNullable<HttpIssuerOptions["jwt"]>;

export const requestSchema = z.strictObject({
  roles: z.array(z.string().min(1).max(256)).max(200).prefault([]).describe("What the token must be able to do."),
  lifetime: duration(SECOND_MS).optional().describe("Left out: no end is asked for."),
  variables: z.record(word, z.string().min(1).max(1_024)).prefault({}).describe("For {{variables.NAME}}."),
  retire: z.boolean().prefault(false).describe("End the old token once no reader can use it any more."),
});

export type HttpIssuerRequest = z.infer<typeof requestSchema>;
