import type { z } from "zod";
import { RenewdError } from "../../core/errors.ts";
import type { HttpRequest, HttpResponse, IssuerContext } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { checkJson, readJson, readText } from "../answers.ts";
import { calledOff } from "../shared-work.ts";
import { Transport } from "../transport.ts";
import { unsent } from "../unsent.ts";
import type { ArvadosOptions } from "./options.ts";
import { partsOf } from "./record.ts";
import { type CallName, isDead, type Refusal, readRefusal, toError } from "./refusals.ts";

/** One call of Arvados' API. */
export interface Call {
  readonly call: CallName;
  readonly method?: HttpRequest["method"];
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whose token to present: the issuer's own unless another is given; `nobody` for what needs none. */
  readonly as?: SecretText | "nobody";
  /** A secret in the body, which must not come back in an error's words. */
  readonly secret?: SecretText;
}

/** A 2xx answer, its body still to be read; or what came instead. */
export type Answer =
  { readonly ok: true; readonly response: HttpResponse } | { readonly ok: false; readonly refusal: Refusal };

/** Arvados over HTTP. The issuer's own token is read at each use, so that a changed file counts at once. */
export class Api {
  readonly #context: IssuerContext<ArvadosOptions>;
  readonly #transport: Transport;

  constructor(context: IssuerContext<ArvadosOptions>) {
    this.#context = context;
    this.#transport = new Transport(context);
  }

  /** For messages. */
  get url(): string {
    return this.#context.options.url;
  }

  /** What fails before the call itself went out is thrown with `sent` false. */
  async send(call: Call, signal: AbortSignal): Promise<Answer> {
    const { client, bearer } = await this.#prepare(call, signal).catch((error: unknown) => {
      throw signal.aborted ? calledOff(signal) : unsent(error);
    });
    const response = await client.send({
      call: call.call,
      method: call.method ?? "GET",
      url: this.url + call.path,
      headers: {
        accept: "application/json",
        "user-agent": "renewd",
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer.reveal()}` }),
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal,
    });
    if (response.status >= 200 && response.status < 300) return { ok: true, response };
    const sent = [bearer, call.secret].filter((each) => each !== undefined).flatMap(secretsIn);
    return { ok: false, refusal: await readRefusal(response, this.#context.clock.now(), sent) };
  }

  /** The checked JSON of a call that is expected to succeed. Throws a `RenewdError`. */
  async read<T>(call: Call, schema: z.ZodType<T>, where: string, signal: AbortSignal): Promise<T> {
    const answer = await this.send(call, signal);
    if (!answer.ok) throw toError(answer.refusal, where);
    const text = await readText(answer.response, this.#context.options.max_response);
    return checkJson(text, answer.response.status, schema, where);
  }

  /** What the cluster says of this very token, which it tells whatever its scopes; null when it is dead. Throws a `RenewdError`. */
  async current<T>(token: SecretText | undefined, schema: z.ZodType<T>, signal: AbortSignal): Promise<T | null> {
    const where = `look at ${token === undefined ? "the issuer's own token" : "a token"} at ${this.url}`;
    const call: Call = { call: "current", path: "/arvados/v1/api_client_authorizations/current" };
    const answer = await this.send(token === undefined ? call : { ...call, as: token }, signal);
    if (answer.ok) return readJson(answer.response, schema, where);
    if (isDead(answer.refusal)) return null;
    throw toError(answer.refusal, where);
  }

  ownToken(signal: AbortSignal): Promise<SecretText> {
    const { readSecret, options } = this.#context;
    return readSecret(options.token, signal);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #prepare(call: Call, signal: AbortSignal) {
    const bearer = call.as === "nobody" ? undefined : (call.as ?? (await this.ownToken(signal)));
    if (bearer !== undefined && partsOf(bearer) === undefined)
      throw new RenewdError("secret_unreadable", `the \`token\` of the issuer at ${this.url} is not an Arvados token`);
    const client = await this.#transport.client(signal);
    if (signal.aborted) throw calledOff(signal);
    return { client, bearer };
  }
}

/** The whole text and the part that is secret; shorter ones would tear other words apart. */
function secretsIn(token: SecretText): readonly string[] {
  const secret = partsOf(token)?.secret ?? "";
  return [token.reveal(), secret].filter((text) => text.length >= 8);
}
