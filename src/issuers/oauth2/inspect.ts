import { z } from "zod";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { Inspection } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { checkJson } from "../answers.ts";
import { FormError, readClaims } from "./claims.ts";
import type { Client } from "./client.ts";
import type { Discovery, Server } from "./discovery.ts";
import type { IssuerKeys } from "./keys.ts";
import type { OAuth2Options } from "./options.ts";
import { toError } from "./refusals.ts";
import { headerOf, prove } from "./signature.ts";

const MOST_TOKEN_BYTES = 64 * 1024;

/** RFC 6750 §2.1 allows fewer characters still; some servers use others. */
const PRINTABLE = /^[\x21-\x7e]+$/;

export interface InspectParts {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly keys: IssuerKeys;
  readonly options: OAuth2Options;
}

/** Proves a token by key, or by asking; which of them, `verify` says. Whether it is valid now is for the caller to judge. Never throws. */
export async function inspect(parts: InspectParts, token: SecretText, signal: AbortSignal): Promise<Inspection> {
  try {
    if (token.lengthBytes > MOST_TOKEN_BYTES) throw new FormError(`it is larger than ${MOST_TOKEN_BYTES} bytes`);
    if (!PRINTABLE.test(token.reveal())) throw new FormError("it is no token: empty, or not printable");
    return await inspectBy(parts, token, signal);
  } catch (thrown) {
    if (thrown instanceof FormError) return { outcome: "refuted", check: "form", message: thrown.message };
    const error = toRenewdError(thrown);
    if (error.code === "key_unreachable" || error.code === "bug") return { outcome: "unknown", error };
    return { outcome: "unknown", error: new RenewdError("key_unreachable", error.message, { cause: error }) };
  }
}

async function inspectBy(parts: InspectParts, token: SecretText, signal: AbortSignal): Promise<Inspection> {
  const { verify, introspection_endpoint } = parts.options;
  if (verify === "none") return { outcome: "opaque" };
  if (verify === "jwks" || (verify === "auto" && headerOf(token.reveal()) !== undefined)) {
    const server = await parts.discovery.read(signal);
    if (server.jwks_uri !== undefined) return byKey(parts, token, server.jwks_uri, signal);
    if (verify === "jwks") throw new RenewdError("key_unreachable", `${server.issuer}: there is no \`jwks_uri\``);
  }
  // One that was only found may not be for this client: then a token would wait for it for ever.
  if (verify === "auto" && introspection_endpoint === undefined) return { outcome: "opaque" };
  return byAsking(parts, token, signal);
}

async function byKey(parts: InspectParts, token: SecretText, url: string, signal: AbortSignal): Promise<Inspection> {
  const { options } = parts;
  const header = headerOf(token.reveal());
  if (header === undefined) throw new FormError("it is not a JWT");
  if (!options.algorithms.some((algorithm) => algorithm === header.alg)) {
    return { outcome: "refuted", check: "algorithm", message: `its algorithm is not ${options.algorithms.join(", ")}` };
  }
  const payload = await payloadOf(parts, token, url, signal);
  if (payload === undefined)
    return { outcome: "refuted", check: "signature", message: "none of the issuer's keys made its signature" };
  const server = await parts.discovery.read(signal);
  return { outcome: "proved", claims: readClaims(parseJson(payload), issOf(server, options), options) };
}

/** Keys that were read before may lack a new one, so they are read again before a signature is called wrong. */
async function payloadOf(
  { keys, options }: InspectParts,
  token: SecretText,
  url: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { set, fresh } = await keys.read(url, signal);
  const proof = await prove(set, token.reveal(), options.algorithms);
  if (proof.outcome === "proved") return proof.payload;
  if (fresh) return undefined;
  const later = await keys.readAfter(set, signal);
  if (later === undefined) {
    if (proof.named) return undefined;
    const message = "its key is not among the issuer's, which were read less than a minute ago and soon will be again";
    throw new RenewdError("key_unreachable", message, { sent: false });
  }
  const again = await prove(later, token.reveal(), options.algorithms);
  return again.outcome === "proved" ? again.payload : undefined;
}

/** RFC 7662 §2. */
async function byAsking(parts: InspectParts, token: SecretText, signal: AbortSignal): Promise<Inspection> {
  const { client, discovery, options } = parts;
  const server = await discovery.read(signal);
  const where = `introspection at ${server.issuer}`;
  const answer = await client.send({ call: "introspect", token: token.reveal() }, server, signal);
  if (!answer.ok) throw toError(answer.refusal, where);
  const said = checkJson(answer.text, answer.status, z.looseObject({ active: z.boolean() }), where);
  if (!said.active) return { outcome: "refuted", check: "active", message: "the issuer says that it is not active" };
  // The answer's own `iss` is optional; one that is there must be right.
  const iss = said["iss"] === undefined ? null : issOf(server, options);
  return { outcome: "proved", claims: readClaims(said, iss, options) };
}

/** Where no issuer was given there is none to compare with: the keys alone prove. */
function issOf(server: Server, options: OAuth2Options): string | null {
  return options.issuer === undefined ? null : server.issuer;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new FormError("its payload is not JSON");
  }
}
