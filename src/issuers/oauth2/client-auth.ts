import { type ClientAuth, ClientSecretBasic, ClientSecretPost } from "oauth4webapi";
import { RenewdError } from "../../core/errors.ts";
import type { IssuerContext, SecretRef } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { parseSigningKey, signAssertion } from "./assertion.ts";
import type { OAuth2Options } from "./options.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Shorter ones would tear other words apart. */
const SECRET_LEAST_LENGTH = 4;

/** What authentication needs of the issuer's context. */
export type AuthContext = Pick<IssuerContext<OAuth2Options>, "options" | "clock" | "random" | "readSecret">;

export interface Authentication {
  readonly auth: ClientAuth;
  /** What must not come back in an error's words; complete once a call was made. */
  readonly sent: readonly string[];
}

/** The client's authentication for one call, its secret read anew. Throws `secret_unreadable`, with nothing sent. */
export async function authenticate(context: AuthContext, signal: AbortSignal): Promise<Authentication> {
  const inner = await methodOf(context, signal);
  const sent: string[] = [];
  const auth: ClientAuth = async (server, client, body, headers) => {
    await inner(server, client, body, headers);
    const basic = headers.get("authorization")?.replace(/^Basic /, "") ?? "";
    const [, secret = ""] = Buffer.from(basic, "base64").toString().split(":");
    const shown = [basic, secret, fromForm(secret), ...secretFields(body)];
    sent.push(...shown.filter((each) => each.length >= SECRET_LEAST_LENGTH));
  };
  return { auth, sent };
}

async function methodOf(context: AuthContext, signal: AbortSignal): Promise<ClientAuth> {
  const { options } = context;
  if (options.auth === "private_key_jwt") return byAssertion(context, await read(context, options.private_key, signal));
  const secret = await read(context, options.client_secret, signal);
  if (secret.lengthBytes === 0)
    throw new RenewdError("secret_unreadable", "the client's secret is empty", { sent: false });
  return options.auth === "client_secret_post" ? ClientSecretPost(secret.reveal()) : ClientSecretBasic(secret.reveal());
}

/** RFC 7523 §2.2. The library has this too, but by a clock of its own. */
function byAssertion(context: AuthContext, secret: SecretText): ClientAuth {
  const { options } = context;
  const key = parseSigningKey(secret, options);
  return async (server, client, body) => {
    const audience = options.audience_of_assertion ?? server.issuer;
    body.set("client_id", client.client_id);
    body.set("client_assertion_type", ASSERTION_TYPE);
    body.set("client_assertion", await signAssertion(key, { clientId: client.client_id, audience }, context));
  };
}

function read(context: AuthContext, ref: SecretRef | undefined, signal: AbortSignal): Promise<SecretText> {
  if (ref === undefined) throw new TypeError("the settings let a client without a secret through");
  return context.readSecret(ref, signal);
}

function secretFields(body: URLSearchParams): readonly string[] {
  return ["client_secret", "client_assertion", "token"].flatMap((name) => {
    const value = body.get(name);
    return value === null ? [] : [value, inForm(value)];
  });
}

function inForm(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}

function fromForm(text: string): string {
  return new URLSearchParams(`x=${text}`).get("x") ?? "";
}
