/** What a scope lets its bearer do (fact sheet §2), as far as renewd has to know it. */

/** Arvados' documentation shows pairs; its code needs single strings, and breaks on a pair only when the token is used. */
export const SCOPE_FORM = /^(?:all|(?:GET|HEAD|POST|PUT|PATCH|DELETE) \/\S*)$/;

export const TOKENS_PATH = "/arvados/v1/api_client_authorizations";
const CONTAINERS = "POST /arvados/v1/containers/";

/** `all`, the very request, everything below a scope that ends with a slash, and HEAD wherever GET is allowed. */
export function allows(scopes: readonly string[], method: string, path: string): boolean {
  const asked = [`${method} ${path}`, ...(method === "HEAD" ? [`GET ${path}`] : [])];
  return scopes.some(
    (scope) =>
      scope === "all" ||
      asked.some((request) => request === scope || (scope.endsWith("/") && request.startsWith(scope))),
  );
}

/**
 * Whether the scope names the locking of containers: a dispatcher's. `all` and scopes as broad as `POST /` allow it too,
 * but say nothing of what the token is for.
 */
export function isDispatchers(scope: string): boolean {
  return scope.startsWith(CONTAINERS) && (scope.endsWith("/") || scope.endsWith("/lock"));
}

/**
 * Whether a token with this scope can give itself every power: by changing the scopes of its own record, or by making an
 * all-powers token. Arvados does not hold new scopes against those of the caller.
 */
export function widensItself(scope: string): boolean {
  const [method = "", path = ""] = scope.split(" ");
  if (method === "POST") return allows([scope], "POST", TOKENS_PATH);
  const changes = method === "PUT" || method === "PATCH";
  return changes && (path.startsWith(`${TOKENS_PATH}/`) || allows([scope], method, `${TOKENS_PATH}/`));
}

/** The list of tokens that a user owns has their secrets in it. */
export function readsSecrets(scopes: readonly string[]): boolean {
  return allows(scopes, "GET", TOKENS_PATH);
}
