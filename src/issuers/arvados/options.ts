import { z } from "zod";
import type { Preset, SecretRef } from "../../core/ports.ts";
import { baseUrl, type Connection, connectionFields, secretRef, size } from "../fields.ts";
import { BUILT_IN } from "./presets.ts";
import { SCOPE_FORM } from "./scopes.ts";

/** Arvados' own documentation shows scopes as pairs, which it takes and cannot use afterwards (fact sheet §2). */
export const scope: z.ZodType<string, string> = z
  .string({
    error: ({ input }) =>
      Array.isArray(input)
        ? 'expected one text such as "GET /arvados/v1/collections": Arvados stores a pair [method, path], as its own documentation shows it, and breaks when the token is used'
        : undefined,
  })
  .max(1_024)
  .regex(SCOPE_FORM, 'expected `all` or a method and a path, such as "GET /arvados/v1/collections"');

const presetSchema = z.strictObject({
  reason: z.string().min(1).max(500).describe("Why such a token is needed."),
  scopes: z
    .array(
      z.union([
        scope,
        z.strictObject({
          scope: scope.describe("A method and a path."),
          reason: z.string().min(1).max(500).describe("Why it is needed."),
        }),
      ]),
    )
    .min(1)
    .max(200)
    .describe("What it may do: `GET /arvados/v1/collections`, or with the reason."),
});

export interface ArvadosOptions extends Connection {
  readonly url: string;
  /** SystemRootToken, or a token of an administrator or of the tokens' own user. */
  readonly token: SecretRef;
  readonly presets: Readonly<Record<string, z.infer<typeof presetSchema>>>;
}

export const optionsSchema: z.ZodType<ArvadosOptions> = z
  .strictObject({
    url: baseUrl.describe("The cluster's controller; with a LoginCluster, that one's."),
    token: secretRef.describe("SystemRootToken, or a token of an administrator or of the tokens' own user."),
    presets: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,74}$/, "expected a short name"), presetSchema)
      .default({})
      .describe("Roles of your own, beside those that `renewd presets` shows."),
    ...connectionFields,
    max_response: size.prefault("64MiB").describe("The largest answer that is read."),
  })
  .superRefine(({ presets, url }, context) => {
    if (url.endsWith("/arvados/v1")) {
      const message = "give the cluster's address alone, without /arvados/v1";
      context.addIssue({ code: "custom", path: ["url"], message });
    }
    for (const { name } of BUILT_IN) {
      if (!Object.hasOwn(presets, name)) continue;
      const message = `${name} is a preset of renewd's own; give this one another name`;
      context.addIssue({ code: "custom", path: ["presets", name], message });
    }
  });

/** renewd's own, then the settings'. */
export function presetsOf(options: ArvadosOptions): readonly Preset[] {
  const own = Object.entries(options.presets).map(([name, { reason, scopes }]) => ({
    name,
    reason,
    scopes: scopes.map((each) => (typeof each === "string" ? { scope: each, reason } : each)),
  }));
  return [...BUILT_IN, ...own];
}
