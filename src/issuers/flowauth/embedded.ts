import { dirname, join } from "node:path";
import { z } from "zod";
import { type Instant, MINUTE_MS, parseInstant } from "../../core/duration.ts";
import { isLoopback } from "../../core/loopback.ts";
import type { IssuerContext, IssuerType, SecretRef } from "../../core/ports.ts";
import { createFlowAuth } from "./issuer.ts";
import { duration, secretRef } from "../fields.ts";
import {
  describeRequest,
  type FlowAuthOptions,
  type FlowAuthRequest,
  nameText,
  readRequest,
  requestSchema,
} from "./options.ts";

/** On loopback an answer comes at once or not at all. */
const LOOPBACK_TIMEOUT_MS = 2_000;
const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

const instant: z.ZodType<number, string> = z.string().transform((text, context) => {
  const at = parseInstant(text);
  if (at !== undefined) return at;
  context.issues.push({ code: "custom", input: text, message: "expected an instant such as 2027-01-31T00:00:00Z" });
  return z.NEVER;
});

/** Loopback only: this server speaks plain HTTP. */
const loopback: z.ZodType<ListenAddress, string> = z.string().transform((text, context) => {
  const [, host = "", digits] = /^(\S+):(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (isLoopback(host) && port >= 1 && port <= 65_535) return { host: host.replace(/[[\]]/g, ""), port };
  const message =
    "expected a loopback address with a port, such as 127.0.0.1:8081; `renewd issuer serve` serves others";
  context.issues.push({ code: "custom", input: text, message });
  return z.NEVER;
});

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

interface Capped {
  readonly name: string;
  readonly maxLifeMs: number;
  readonly latestAt: Instant | null;
}

/** What the embedded server is to have at its start, in its own words; passwords are still to be read. */
export interface EmbeddedSeed {
  readonly servers: readonly Capped[];
  readonly roles: readonly (Capped & { readonly server: string; readonly scopes: readonly string[] })[];
  readonly users: readonly {
    readonly name: string;
    readonly admin: boolean;
    readonly password?: SecretRef | undefined;
    readonly roles: readonly { readonly server: string; readonly role: string }[];
  }[];
}

export interface EmbeddedOptions {
  readonly listen: ListenAddress;
  /** As the settings have it; relative to the settings file's folder. */
  readonly db: string;
  readonly username: string;
  readonly seed: EmbeddedSeed;
}

const cappedFields = {
  name: nameText.describe("As requests name it."),
  max_life: duration(MINUTE_MS).describe("The longest life of its tokens; a request has to be shorter."),
  latest: instant.optional().describe("The latest instant at which one may end."),
};

function capped(fields: { name: string; max_life: number; latest?: number | undefined }): Capped {
  return { name: fields.name, maxLifeMs: fields.max_life, latestAt: fields.latest ?? null };
}

const seedServer = z.strictObject(cappedFields).transform(capped);

const seedRole = z
  .strictObject({
    server: nameText.describe("The server that it is a role of."),
    ...cappedFields,
    scopes: z.array(z.string().min(1).max(512)).default([]).describe("What it lets its bearer do."),
  })
  .transform((role) => ({ ...capped(role), server: role.server, scopes: role.scopes }));

const seedUser = z.strictObject({
  name: nameText.describe("The name to sign in with."),
  admin: z.boolean().default(false).describe("May it administer the issuer?"),
  password: secretRef.optional().describe("Generated where left out."),
  roles: z
    .array(z.strictObject({ server: nameText.describe("A server's name."), role: nameText.describe("A role's name.") }))
    .default([])
    .describe("The roles that it may put into its tokens."),
});

const seedSchema = z.strictObject({
  servers: z.array(seedServer).default([]).describe("What tokens are for."),
  roles: z.array(seedRole).default([]).describe("What tokens may do."),
  users: z.array(seedUser).default([]).describe("Who may sign in."),
});

const optionsSchema: z.ZodType<EmbeddedOptions> = z.strictObject({
  listen: loopback.prefault("127.0.0.1:8081").describe("Where it is served; on this machine only."),
  db: z.string().min(1).describe("Its own database. Keys and the generated password are put beside it."),
  username: nameText.default("flowbot").describe("The user that renewd signs in as; its password is generated."),
  seed: seedSchema.prefault({}).describe("What it knows at its first start."),
});

/** `http://127.0.0.1:8081`; an IPv6 address gets its brackets back. */
function embeddedUrl(listen: ListenAddress): string {
  return `http://${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${listen.port}`;
}

/** The embedded server leaves its key and its users' generated passwords beside its database. */
function asFlowAuth(options: EmbeddedOptions, resolvePath: (path: string) => string): FlowAuthOptions {
  const folder = dirname(resolvePath(options.db));
  const given = options.seed.users.find((user) => user.name === options.username)?.password;
  return {
    url: embeddedUrl(options.listen),
    username: options.username,
    password: given ?? { file: join(folder, `${options.username}.password`) },
    public_keys: [{ file: join(folder, "public_key.pem") }],
    timeout: LOOPBACK_TIMEOUT_MS,
    max_response: DEFAULT_MAX_RESPONSE_BYTES,
  };
}

/** renewd's own issuer, spoken to as any FlowAuth; whoever composes the daemon starts the server. */
export const embedded: IssuerType<EmbeddedOptions, FlowAuthRequest> = {
  type: "embedded",
  options: optionsSchema,
  request: requestSchema,
  readRequest,
  describe: describeRequest,
  presets: () => [],
  identity: (options, request, name) => [embeddedUrl(options.listen), options.username, request.server, name].join("|"),
  create: (context: IssuerContext<EmbeddedOptions>) =>
    createFlowAuth({ ...context, options: asFlowAuth(context.options, context.resolvePath) }, true),
};
