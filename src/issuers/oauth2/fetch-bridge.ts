import type { CustomFetchOptions } from "oauth4webapi";
import { RenewdError } from "../../core/errors.ts";
import type { HttpClient, HttpRequest } from "../../core/ports.ts";
import { readText } from "../answers.ts";

type Fetch = (
  url: string,
  options: CustomFetchOptions<"GET" | "POST", URLSearchParams | undefined>,
) => Promise<Response>;

/** The statuses of which `Response` allows no body (Fetch standard §2.2.3). */
const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304]);
const COPIED = ["content-type", "retry-after"];

export interface BridgeOptions {
  /** Names the call in metrics and errors. */
  readonly call: string;
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

/**
 * What the OAuth library takes for `fetch`: each of its calls goes through renewd's own client, which bounds it, follows no
 * redirect and knows whether anything was sent. The body is read here, so that a failure of it is thrown as it is.
 */
export function bridge(client: HttpClient, { call, mostBytes, signal }: BridgeOptions): Fetch {
  return async (url, { method, headers, body }) => {
    const request: HttpRequest = { call, method, url, headers, signal };
    const answer = await client.send(body === undefined ? request : { ...request, body: body.toString() });
    const { status } = answer;
    const text = await readText(answer, mostBytes);
    if (status < 200 || status > 599) {
      throw new RenewdError(
        "issuer_answer_invalid",
        `${call}: ${new URL(url).host} answered with the status ${status}`,
      );
    }
    return new Response(BODYLESS.has(status) ? null : text, { status, headers: copied((name) => answer.header(name)) });
  };
}

function copied(header: (name: string) => string | null): [string, string][] {
  return COPIED.flatMap((name): [string, string][] => {
    const value = header(name);
    return value === null ? [] : [[name, value]];
  });
}
