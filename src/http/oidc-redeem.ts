import {
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  type Client,
  getValidatedIdTokenClaims,
  processAuthorizationCodeResponse,
  processUserInfoResponse,
  userInfoRequest,
  validateApplicationLevelSignature,
  validateAuthResponse,
} from "oauth4webapi";
import type { Pending } from "./oidc-pending.ts";
import type { OidcProvider, Server } from "./oidc-provider.ts";
import { type Claims, valuesOf } from "./oidc-role.ts";

/** Where a browser is sent to sign in (OpenID Connect Core 1.0 §3.1.2.1, with PKCE). */
export async function authorizationUrl(provider: OidcProvider, begun: Pending, signal: AbortSignal): Promise<string> {
  const { clientId, redirectUrl, scopes } = provider.settings;
  const url = new URL((await provider.server(signal)).authorization_endpoint);
  const asked = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUrl,
    scope: scopes.join(" "),
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return url.href;
}

/** What the provider says of the person, once its answer has passed every check: state, issuer, nonce, audience, times, signature. */
export async function redeem(
  provider: OidcProvider,
  begun: Pending,
  answer: URLSearchParams,
  signal: AbortSignal,
): Promise<Claims> {
  const server = await provider.server(signal);
  const client: Client = { client_id: provider.settings.clientId };
  const parameters = validateAuthResponse(server, client, answer, begun.state);
  const response = await authorizationCodeGrantRequest(
    server,
    client,
    await provider.authentication(signal),
    parameters,
    provider.settings.redirectUrl,
    begun.verifier,
    await provider.call("oidc_token", signal),
  );
  const expected = { expectedNonce: begun.nonce };
  const result = await processAuthorizationCodeResponse(server, client, response, expected);
  // The connection proves it already (OpenID Connect Core 1.0 §3.1.3.7); this refuses unsigned ones and keys shared with clients.
  await validateApplicationLevelSignature(server, response, await provider.call("oidc_keys", signal));
  const claims = getValidatedIdTokenClaims(result);
  if (claims === undefined) throw new TypeError("there can be no nonce without an ID token");
  return valuesOf(claims, provider.settings.claim) === undefined && server.userinfo_endpoint !== undefined
    ? {
        ...claims,
        ...(await userInfo(provider, server, { accessToken: result.access_token, subject: claims.sub }, signal)),
      }
    : claims;
}

/** Providers may tell what a scope asks for there alone (OpenID Connect Core 1.0 §5.4). */
async function userInfo(
  provider: OidcProvider,
  server: Server,
  of: { readonly accessToken: string; readonly subject: string },
  signal: AbortSignal,
): Promise<Claims> {
  const client: Client = { client_id: provider.settings.clientId };
  const options = await provider.call("oidc_userinfo", signal);
  const response = await userInfoRequest(server, client, of.accessToken, options);
  return processUserInfoResponse(server, client, of.subject, response);
}
