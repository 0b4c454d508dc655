import type { CustomFetchOptions } from "oauth4webapi";
import { RenewdError } from "../core/errors.ts";
import type { HttpClient, HttpRequest } from "../core/ports.ts";

/** What the OAuth library takes for `fetch`. */
export type OidcFetch = (
  url: string,
  options: CustomFetchOptions<"GET" | "POST", URLSearchParams | null | undefined>,
) => Promise<Response>;

/** A `Response` may have no body with these (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
/** All that the library reads. */
const HEADERS = ["content-type", "www-authenticate"];

/** The library's calls go through renewd's own client, which bounds them in time and size and follows no redirect. */
export function oidcFetch(client: HttpClient, call: string, signal: AbortSignal): OidcFetch {
  return async (url, { method, headers, body }) => {
    const asked: HttpRequest = { call, method, url, headers: { ...headers, "user-agent": "renewd" }, signal };
    const answer = await client.send(body == null ? asked : { ...asked, body: body.toString() });
    const text = await answer.text();
    if (answer.status < 200 || answer.status > 599)
      throw new RenewdError("issuer_answer_invalid", `${call}: answered with the status ${answer.status}`);
    const copied = HEADERS.flatMap((name): [string, string][] => {
      const value = answer.header(name);
      return value === null ? [] : [[name, value]];
    });
    return new Response(WITHOUT_BODY.has(answer.status) ? null : text, { status: answer.status, headers: copied });
  };
}
