import {
  allowInsecureRequests,
  clientCredentialsGrantRequest,
  customFetch,
  introspectionRequest,
  revocationRequest,
} from "oauth4webapi";
import { RenewdError } from "../../core/errors.ts";
import type { HttpClient } from "../../core/ports.ts";
import { calledOff } from "../shared-work.ts";
import type { Transport } from "../transport.ts";
import { unsent } from "../unsent.ts";
import { type Refusal, readRefusal } from "./answers.ts";
import { type AuthContext, authenticate, type Authentication } from "./client-auth.ts";
import type { Server } from "./discovery.ts";
import { bridge } from "./fetch-bridge.ts";
import { isPlain } from "./urls.ts";

/** A call that the client makes in its own name. */
export type Call =
  | { readonly call: "token"; readonly parameters: URLSearchParams }
  | { readonly call: "introspect" | "revoke"; readonly token: string };

/** The text of a 200; or what came instead. */
export type Answer =
  | { readonly ok: true; readonly text: string; readonly status: number }
  | { readonly ok: false; readonly refusal: Refusal };

const ENDPOINTS = {
  token: "token_endpoint",
  introspect: "introspection_endpoint",
  revoke: "revocation_endpoint",
} as const;

/** The authenticated calls of an OAuth2 client (RFC 6749 §4.4, RFC 7662 §2.1, RFC 7009 §2.1), made by the library. */
export class Client {
  readonly #context: AuthContext;
  readonly #transport: Transport;

  constructor(context: AuthContext, transport: Transport) {
    this.#context = context;
    this.#transport = transport;
  }

  /** What fails before the call itself went out is thrown with `sent` false. */
  async send(call: Call, server: Server, signal: AbortSignal): Promise<Answer> {
    const { options, clock } = this.#context;
    const { http, authentication } = await this.#prepare(signal);
    const response = await post(call, server, authentication, {
      client_id: options.client_id,
      fetch: bridge(http, { call: call.call, mostBytes: options.max_response, signal }),
    });
    if (response.status === 200) return { ok: true, text: await response.text(), status: response.status };
    return { ok: false, refusal: await readRefusal(response, clock.now(), authentication.sent) };
  }

  /** That the client's secret or key is there and of use. Throws a `RenewdError`. */
  async checkSecret(signal: AbortSignal): Promise<void> {
    await authenticate(this.#context, signal);
  }

  async #prepare(signal: AbortSignal): Promise<{ http: HttpClient; authentication: Authentication }> {
    try {
      const authentication = await authenticate(this.#context, signal);
      return { authentication, http: await this.#transport.client(signal) };
    } catch (error) {
      throw signal.aborted ? calledOff(signal) : unsent(error);
    }
  }
}

function post(
  call: Call,
  server: Server,
  { auth }: Authentication,
  { client_id, fetch }: { readonly client_id: string; readonly fetch: ReturnType<typeof bridge> },
): Promise<Response> {
  const endpoint = server[ENDPOINTS[call.call]];
  if (endpoint === undefined) {
    const message = `${server.issuer}: there is no \`${ENDPOINTS[call.call]}\``;
    throw new RenewdError("request_refused", message, { sent: false });
  }
  const options = {
    [customFetch]: fetch,
    [allowInsecureRequests]: isPlain(endpoint),
    headers: { "user-agent": "renewd" },
  };
  const client = { client_id };
  switch (call.call) {
    case "token":
      return clientCredentialsGrantRequest(server, client, auth, call.parameters, options);
    case "introspect":
      return introspectionRequest(server, client, auth, call.token, options);
    case "revoke":
      return revocationRequest(server, client, auth, call.token, options);
  }
}
