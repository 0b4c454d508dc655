import { z } from "zod";
import { MINUTE_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Preset, TokenFlags } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";
import { duration } from "../fields.ts";
import { type ArvadosOptions, presetsOf, scope } from "./options.ts";
import { BUILT_IN } from "./presets.ts";
import { isDispatchers, widensItself } from "./scopes.ts";

export type Form = "v1" | "v2";
type Strategy = TokenRequest["strategy"];

const NO_END_MS = Number.POSITIVE_INFINITY;

export interface ArvadosRequest {
  /** `root` or a user's uuid. */
  readonly user: string;
  readonly role?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** ms */
  readonly lifetime?: number | undefined;
  readonly strategy?: Strategy | undefined;
  readonly force: boolean;
  readonly retire: boolean;
  readonly form: Form;
}

export const requestSchema: z.ZodType<ArvadosRequest> = z
  .strictObject({
    user: z
      .string()
      .regex(
        /^(?:root|[0-9a-z]{5}-tpzed-[0-9a-z]{15})$/,
        "expected root or a user's uuid, such as zzzzz-tpzed-0123456789abcde",
      )
      .default("root")
      .describe("Whose token it is: `root`, or a uuid."),
    role: z.string().min(1).max(75).optional().describe("A preset, instead of `scopes`."),
    scopes: z.array(scope).min(1).max(200).optional().describe("What it may do; `[all]` is everything."),
    lifetime: duration(MINUTE_MS).optional().describe("How long it is to live; left out: without an end."),
    strategy: z
      .enum(["replace", "extend"])
      .optional()
      .describe("A new token, or a later end of the same; by what it is for when left out."),
    force: z.boolean().default(false).describe("Allows what is refused otherwise, as harmful."),
    retire: z.boolean().default(false).describe("End the old token once no reader can use it any more."),
    form: z.enum(["v2", "v1"]).default("v2").describe("`v2/uuid/secret`, or the bare secret."),
  })
  .superRefine((request, context) => {
    if ((request.role === undefined) === (request.scopes === undefined)) {
      const message = "give either `role` or `scopes`; a token with all powers says `scopes: [all]`";
      context.addIssue({ code: "custom", path: [request.role === undefined ? "scopes" : "role"], message });
      return;
    }
    // A role of the settings' own is judged by `readRequest`, which knows the settings.
    const scopes = request.scopes ?? scopesOfPreset(BUILT_IN, request.role ?? "");
    const wrong = scopes === undefined ? undefined : objectionTo(request, scopes);
    if (wrong !== undefined) context.addIssue({ code: "custom", ...wrong });
  });

/** Why the request should not be made, where no `force` says that it is meant. */
function objectionTo(
  request: ArvadosRequest,
  scopes: readonly string[],
): { readonly path: string[]; readonly message: string } | undefined {
  const strategy = strategyOf(request, scopes);
  if (request.retire && strategy === "extend")
    return {
      path: ["retire"],
      message: "with `strategy: extend` the token stays the same, so there is none to retire",
    };
  if (request.force) return undefined;
  if (strategy === "replace" && scopes.some(isDispatchers)) {
    const message =
      "containers are locked by their dispatcher's token uuid: with a new token it loses sight of the containers it has locked and running, and orphans its cloud VMs; say `strategy: extend`, or `force: true` where it is drained before each renewal";
    return { path: ["strategy"], message };
  }
  const widening = scopes.includes("all") ? undefined : scopes.find(widensItself);
  if (widening === undefined) return undefined;
  const message = `"${widening}" lets the token give itself all powers: Arvados does not hold the scopes of a changed or new token against those of the caller; say \`scopes: [all]\`, or \`force: true\``;
  return { path: [request.role === undefined ? "scopes" : "role"], message };
}

function strategyOf(request: ArvadosRequest, scopes: readonly string[]): Strategy {
  return request.strategy ?? (scopes.some(isDispatchers) ? "extend" : "replace");
}

/** Scopes are the role names of a token: sorted, without repeats. */
export function readRequest(request: ArvadosRequest, options: ArvadosOptions): TokenRequest {
  const scopes = scopesOf(request, options);
  if (scopes === undefined) {
    const known = presetsOf(options).map((preset) => preset.name);
    throw new RenewdError("settings_invalid", `no preset is called ${request.role}; there are ${known.join(", ")}`);
  }
  const wrong = objectionTo(request, scopes);
  if (wrong !== undefined) throw new RenewdError("settings_invalid", `${wrong.path.join(".")}: ${wrong.message}`);
  return {
    lifetimeMs: request.lifetime ?? NO_END_MS,
    roles: scopes,
    audience: null,
    subject: subjectOf(request.user),
    strategy: strategyOf(request, scopes),
    retire: request.retire,
    detail: { form: request.form, user: request.user },
  };
}

/** The system user's uuid differs by cluster, and everybody calls it root. */
export function subjectOf(user: string): string {
  return /^[0-9a-z]{5}-tpzed-0{15}$/.test(user) ? "root" : user;
}

export function formOf(request: TokenRequest): Form {
  return request.detail["form"] === "v1" ? "v1" : "v2";
}

/** As the settings have it: `root`, or a uuid. */
export function userOf(request: TokenRequest): string {
  const { user } = request.detail;
  return typeof user === "string" ? user : (request.subject ?? "root");
}

/** With other scopes it is still the same token: renewals go on with the old ones, or it is made anew. */
export function identityOf(options: ArvadosOptions, request: ArvadosRequest, name: string): string {
  return [options.url, subjectOf(request.user), name].join("|");
}

export function describe(flags: TokenFlags): unknown {
  const { user, server, roles, scopes, lifetime } = flags;
  const refuse = (message: string): never => {
    throw new RenewdError("usage", message);
  };
  if (server !== null) refuse("--server means nothing at Arvados: a token is good for the whole cluster");
  if (roles.length > 1) refuse("give one --role at most; `--scope` may be repeated");
  if (roles.length > 0 && scopes.length > 0) refuse("give either --role or --scope");
  if (roles.length + scopes.length === 0) refuse("give --role or --scope; a token with all powers has --scope all");
  return {
    ...(user === null ? {} : { user }),
    ...(roles[0] === undefined ? { scopes } : { role: roles[0] }),
    ...(lifetime === null ? {} : { lifetime }),
  };
}

/** Undefined for a preset that nobody knows. */
function scopesOf(request: ArvadosRequest, options: ArvadosOptions): readonly string[] | undefined {
  const scopes = request.scopes ?? scopesOfPreset(presetsOf(options), request.role ?? "");
  return scopes === undefined ? undefined : [...new Set(scopes)].sort();
}

function scopesOfPreset(presets: readonly Preset[], name: string): readonly string[] | undefined {
  return presets.find((preset) => preset.name === name)?.scopes.map((each) => each.scope);
}
