import { z } from "zod";
import { MINUTE_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { IssuerContext } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { readJson } from "../answers.ts";
import { type Refusal } from "./answers.ts";
import { Cookies } from "./cookies.ts";
import type { FlowAuthOptions } from "./options.ts";
import { toError } from "./refusals.ts";
import type { Answer, Exchange } from "./session.ts";
import { TotpCodes } from "./totp.ts";

/** A refused password is not sent again within this time, however many tokens ask: some sites lock accounts. */
const REFUSED_PASSWORD_REST_MS = MINUTE_MS;

const signedIn = z.object({ logged_in: z.literal(true) });

/** POST /signin, with a two-factor code where the account has one (fact sheet §2). */
export class SignIn {
  readonly #context: IssuerContext<FlowAuthOptions>;
  readonly #exchange: Exchange;
  readonly #codes: TotpCodes;
  readonly #where: string;
  #refused: { readonly password: string; readonly atUptimeMs: number; readonly message: string } | undefined;

  constructor(context: IssuerContext<FlowAuthOptions>, exchange: Exchange) {
    this.#context = context;
    this.#exchange = exchange;
    this.#codes = new TotpCodes(context.clock);
    this.#where = `sign-in of ${context.options.username} at ${context.options.url}`;
  }

  /** The cookies of a new session. Password and two-factor secret are read anew each time. Throws a `RenewdError`. */
  async open(signal: AbortSignal): Promise<Cookies> {
    const { readSecret, options } = this.#context;
    const password = await readSecret(options.password, signal);
    this.#holdBack(password);
    const cookies = new Cookies();
    const answer = await this.#ask(password, cookies, signal);
    if (!answer.ok) throw this.#refusal(answer.refusal, password);
    await readJson(answer.response, signedIn, this.#where);
    if (cookies.get("session") !== undefined && cookies.get("X-CSRF") !== undefined) return cookies;
    throw new RenewdError("session_refused", `${this.#where}: accepted, but without both of its cookies`);
  }

  /** A code that was used by somebody else within its step, or is just past, is followed by one of the next step, once. */
  async #ask(password: SecretText, cookies: Cookies, signal: AbortSignal): Promise<Answer> {
    const { readSecret, options } = this.#context;
    if (options.totp === undefined) return this.#send(password, {}, cookies, signal);
    const secret = await readSecret(options.totp, signal);
    const code = await this.#codes.next(secret, signal);
    const answer = await this.#send(password, { two_factor_code: code }, cookies, signal);
    if (answer.ok || codeOf(answer.refusal) !== "two_factor_refused") return answer;
    return this.#send(password, { two_factor_code: await this.#codes.next(secret, signal) }, cookies, signal);
  }

  #send(password: SecretText, code: object, cookies: Cookies, signal: AbortSignal): Promise<Answer> {
    const body = { username: this.#context.options.username, password: password.reveal(), ...code };
    return this.#exchange({ call: "sign_in", path: "/signin", body }, cookies, signal);
  }

  #refusal(refusal: Refusal, password: SecretText): RenewdError {
    const error = toError("sign_in", refusal, this.#where);
    if (error.code === "sign_in_refused") {
      const atUptimeMs = this.#context.clock.uptimeMs();
      this.#refused = { password: password.sha256, atUptimeMs, message: error.message };
    }
    return error;
  }

  #holdBack(password: SecretText): void {
    const refused = this.#refused;
    if (refused === undefined || refused.password !== password.sha256) return;
    if (this.#context.clock.uptimeMs() - refused.atUptimeMs >= REFUSED_PASSWORD_REST_MS) return;
    throw new RenewdError(
      "sign_in_refused",
      `${refused.message} (the same password is not sent twice within a minute)`,
    );
  }
}

function codeOf(refusal: Refusal): string {
  return toError("sign_in", refusal, "").code;
}
