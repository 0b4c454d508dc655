import type { IncomingMessage } from "node:http";
import type { Params } from "./params.ts";
import { exception } from "./refusal.ts";
import type { Row } from "./row.ts";

/** Who asks, and with which row. SystemRootToken has a record of its own that is not in the table. */
export interface Caller {
  readonly userUuid: string;
  readonly admin: boolean;
  readonly systemRoot: boolean;
  readonly row: Row;
}

/** The tokens that a request brings, in the order in which the controller hands them on. */
export function tokensOf(request: IncomingMessage, params: Params): readonly string[] {
  const tokens: string[] = [];
  const [scheme = "", words = ""] = (request.headers.authorization ?? "").split(/ (.*)/s);
  if (/^(Bearer|OAuth2)$/.test(scheme)) tokens.push(words.trim());
  if (scheme === "Basic")
    tokens.push(
      Buffer.from(words, "base64")
        .toString()
        .replace(/^[^:]*:/, ""),
    );
  for (const name of ["api_token", "oauth_token"]) if (typeof params[name] === "string") tokens.push(params[name]);
  const cookie = /(?:^|;\s*)arvados_api_token=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  if (cookie !== undefined) tokens.push(Buffer.from(cookie, "base64url").toString());
  if (Array.isArray(params["reader_tokens"])) tokens.push(...params["reader_tokens"].map(String));
  return tokens.filter((token) => token !== "");
}

/** `v2/uuid/secret`, perhaps with a container behind it, or the secret alone. Null when it can be neither. */
export function partsOf(token: string): { readonly uuid: string | null; readonly secret: string } | null {
  if (!token.startsWith("v2/")) return { uuid: null, secret: token };
  const [, uuid = "", secret = ""] = token.split("/");
  return uuid.length === 27 && secret !== "" ? { uuid, secret } : null;
}

/** Nobody checks on saving that a scope is a text, so one that is none breaks here. */
export function scopesAllow(scopes: readonly unknown[], method: string, path: string): boolean {
  const asked = (verb: string): string => `${verb} ${path.length > 1 ? path.replace(/\/+$/, "") : path}`;
  return allows(scopes, asked(method)) || (method === "HEAD" && allows(scopes, asked("GET")));
}

function allows(scopes: readonly unknown[], request: string): boolean {
  return scopes.some((scope) => {
    if (scope === "all" || scope === request) return true;
    if (typeof scope === "string") return scope.endsWith("/") && request.startsWith(scope);
    throw exception("NoMethodError", `undefined method \`end_with?' for ${JSON.stringify(scope)}:Array`);
  });
}
