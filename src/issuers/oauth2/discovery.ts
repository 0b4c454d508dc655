import {
  allowInsecureRequests,
  type AuthorizationServer,
  customFetch,
  discoveryRequest,
  JSON_ATTRIBUTE_COMPARISON,
  OperationProcessingError,
  processDiscoveryResponse,
} from "oauth4webapi";
import { z } from "zod";
import { HOUR_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { IssuerContext } from "../../core/ports.ts";
import { SharedWork } from "../shared-work.ts";
import type { Transport } from "../transport.ts";
import { readRefusal } from "./answers.ts";
import { bridge } from "./fetch-bridge.ts";
import type { OAuth2Options } from "./options.ts";
import { toError } from "./refusals.ts";
import { isFit, isPlain } from "./urls.ts";

const KEPT_MS = HOUR_MS;

/** OpenID Connect Discovery 1.0 §4, then RFC 8414 §3. */
const PLACES = ["oidc", "oauth2"] as const;

/** Printable: addresses are repeated in messages, and `URL` forgives line breaks. */
const address = z
  .string()
  .max(2_000)
  .regex(/^[\x21-\x7e]+$/);
const names = z.array(z.string().max(500)).max(1_000).optional();
const metadataSchema = z.object({
  issuer: address,
  token_endpoint: address,
  jwks_uri: address.optional(),
  introspection_endpoint: address.optional(),
  revocation_endpoint: address.optional(),
  scopes_supported: names,
  grant_types_supported: names,
  token_endpoint_auth_methods_supported: names,
});

const ENDPOINTS = ["token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"] as const;

/** What is known of the server, in the words of RFC 8414; its endpoints may all be called. */
export type Server = Readonly<z.infer<typeof metadataSchema>> & AuthorizationServer;

/** Where the server's endpoints are: as given, or by discovery, which is kept for an hour. */
export class Discovery {
  readonly #context: Pick<IssuerContext<OAuth2Options>, "options" | "clock">;
  readonly #transport: Transport;
  #known: { readonly server: Server; readonly atUptimeMs: number } | undefined;
  #reading: SharedWork<Server> | undefined;

  constructor(context: Pick<IssuerContext<OAuth2Options>, "options" | "clock">, transport: Transport) {
    this.#context = context;
    this.#transport = transport;
  }

  async read(signal: AbortSignal): Promise<Server> {
    const { options, clock } = this.#context;
    const given = givenServer(options);
    if (given !== undefined) return given;
    const ageMs = clock.uptimeMs() - (this.#known?.atUptimeMs ?? 0);
    if (this.#known !== undefined && ageMs >= 0 && ageMs < KEPT_MS) return this.#known.server;
    if (this.#reading === undefined || this.#reading.abandoned) {
      const reading: SharedWork<Server> = new SharedWork((all) =>
        this.#discover(options.issuer ?? "", all).finally(() => {
          if (this.#reading === reading) this.#reading = undefined;
        }),
      );
      this.#reading = reading;
    }
    return this.#reading.join(signal);
  }

  /** After a 404 of an endpoint: the server may have moved it. */
  forget(): void {
    this.#known = undefined;
  }

  async #discover(issuer: string, signal: AbortSignal): Promise<Server> {
    const atUptimeMs = this.#context.clock.uptimeMs();
    let first: RenewdError | undefined;
    for (const place of PLACES) {
      const found = await this.#look(issuer, place, signal);
      if (!(found instanceof RenewdError)) {
        this.#known = { server: found, atUptimeMs };
        return found;
      }
      first ??= found;
    }
    throw first ?? new TypeError("no place to look at");
  }

  /** An error is the answer when there may still be a document at the other place. */
  async #look(issuer: string, algorithm: (typeof PLACES)[number], signal: AbortSignal): Promise<Server | RenewdError> {
    const where = `discovery (${algorithm}) of ${issuer}`;
    const client = await this.#transport.client(signal);
    const mostBytes = this.#context.options.max_response;
    const response = await discoveryRequest(new URL(issuer), {
      algorithm,
      [customFetch]: bridge(client, { call: "discover", mostBytes, signal }),
      [allowInsecureRequests]: isPlain(issuer),
      headers: { "user-agent": "renewd" },
    });
    if (response.status !== 200) {
      const refusal = await readRefusal(response, this.#context.clock.now(), []);
      const error = toError(refusal, where);
      if (refusal.status === 429 || refusal.status >= 500) throw error;
      return error;
    }
    let told: AuthorizationServer;
    try {
      told = await processDiscoveryResponse(new URL(issuer), response);
    } catch (error) {
      if (!isOtherIssuer(error)) return invalid(where, "the answer is not a discovery document");
      throw invalid(where, "the document is another issuer's (RFC 8414 §3.3)");
    }
    return checkServer({ ...told, ...givenEndpoints(this.#context.options) }, issuer, where);
  }
}

function isOtherIssuer(error: unknown): boolean {
  return error instanceof OperationProcessingError && error.code === JSON_ATTRIBUTE_COMPARISON;
}

function checkServer(told: unknown, issuer: string, where: string): Server {
  const metadata = metadataSchema.safeParse(told);
  if (!metadata.success) {
    throw invalid(
      where,
      `\`${metadata.error.issues[0]?.path.join(".") ?? ""}\` of the document is missing or not as documented`,
    );
  }
  for (const name of ENDPOINTS) {
    const url = metadata.data[name];
    if (url === undefined) continue;
    // A document that came over the network may not send the client's secret in the clear.
    if (!isFit(url) || (isPlain(url) && !isPlain(issuer))) throw invalid(where, `\`${name}\` is not an https URL`);
  }
  return metadata.data as Server;
}

function invalid(where: string, what: string): RenewdError {
  return new RenewdError("issuer_answer_invalid", `${where}: ${what}`);
}

/** Endpoints given by hand count before those that were found. */
function givenEndpoints(options: OAuth2Options): Partial<Server> {
  return Object.fromEntries(
    ENDPOINTS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const])),
  );
}

/** With a token endpoint given there is no discovery. */
function givenServer(options: OAuth2Options): Server | undefined {
  const { token_endpoint } = options;
  if (token_endpoint === undefined) return undefined;
  return { ...givenEndpoints(options), token_endpoint, issuer: options.issuer ?? token_endpoint };
}
