import { MINUTE_MS } from "../../core/duration.ts";
import type { HttpResponse, IssuerContext } from "../../core/ports.ts";
import { type Refusal, readRefusal } from "./answers.ts";
import { Cookies } from "./cookies.ts";
import type { FlowAuthOptions } from "./options.ts";
import { type CallName, isSessionGone } from "./refusals.ts";
import { calledOff, SharedWork } from "../shared-work.ts";
import { SignIn } from "./sign-in.ts";
import { Transport } from "../transport.ts";
import { unsent } from "../unsent.ts";

/** FlowAuth ends a session after 20 idle minutes (fact sheet §2); we stop trusting ours a little earlier. */
const TRUSTED_IDLE_MS = 15 * MINUTE_MS;

/** Shorter ones would tear other words apart. */
const SECRET_LEAST_LENGTH = 4;
const SECRETS_REMEMBERED = 16;

/** One call of FlowAuth's API. */
export interface Call {
  readonly call: CallName;
  readonly path: string;
  /** Makes it a POST. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A 2xx answer, its body still to be read; or what came instead. */
export type Answer =
  { readonly ok: true; readonly response: HttpResponse } | { readonly ok: false; readonly refusal: Refusal };

/** Sends one call with these cookies and takes the cookies of its answer. */
export type Exchange = (call: Call, cookies: Cookies, signal: AbortSignal) => Promise<Answer>;

interface Open {
  readonly cookies: Cookies;
  usedAtUptimeMs: number;
}

/** The account's session: opened when first needed, shared by all calls, opened again when FlowAuth says that it has ended. */
export class Session {
  readonly #context: IssuerContext<FlowAuthOptions>;
  readonly #transport: Transport;
  readonly #signIn: SignIn;
  #sent: readonly string[] = [];
  #open: Open | undefined;
  #opening: SharedWork<Open> | undefined;

  constructor(context: IssuerContext<FlowAuthOptions>) {
    this.#context = context;
    this.#transport = new Transport(context);
    this.#signIn = new SignIn(context, this.#exchange);
  }

  /**
   * Makes a call as the account. A 401 page says that the session is gone and nothing was done: a new session is opened
   * and the call sent once more. What fails before the call itself went out is thrown with `sent` false.
   */
  async call(call: Call, signal: AbortSignal): Promise<Answer> {
    const open = await this.ensureOpen(signal);
    const answer = await this.#use(open, call, signal);
    if (answer.ok || !isSessionGone(answer.refusal)) return answer;
    if (this.#open === open) this.#open = undefined;
    return this.#use(await this.ensureOpen(signal), call, signal);
  }

  /** Opens a session unless there is a trusted one; calls under way at the same time share one sign-in. */
  async ensureOpen(signal: AbortSignal): Promise<Open> {
    const idleMs = this.#context.clock.uptimeMs() - (this.#open?.usedAtUptimeMs ?? 0);
    if (this.#open !== undefined && idleMs >= 0 && idleMs < TRUSTED_IDLE_MS) return this.#open;
    if (this.#opening === undefined || this.#opening.abandoned) {
      const opening: SharedWork<Open> = new SharedWork((all) =>
        this.#openAnew(all).finally(() => this.#forget(opening)),
      );
      this.#opening = opening;
    }
    try {
      return await this.#opening.join(signal);
    } catch (error) {
      throw unsent(error);
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #openAnew(signal: AbortSignal): Promise<Open> {
    const cookies = await this.#signIn.open(signal);
    this.#open = { cookies, usedAtUptimeMs: this.#context.clock.uptimeMs() };
    return this.#open;
  }

  #forget(opening: SharedWork<Open>): void {
    if (this.#opening === opening) this.#opening = undefined;
  }

  async #use(open: Open, call: Call, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#exchange(call, open.cookies, signal);
    open.usedAtUptimeMs = this.#context.clock.uptimeMs();
    return answer;
  }

  /** What must not come back in an error's words: the password, codes and cookies that were sent last. */
  #note(call: Call, cookies: Cookies): void {
    const { password, two_factor_code: code } = call.body ?? {};
    const secrets = [password, code, cookies.get("session"), cookies.get("X-CSRF")];
    const fresh = secrets.filter((each) => typeof each === "string" && each.length >= SECRET_LEAST_LENGTH) as string[];
    this.#sent = [...new Set([...fresh, ...this.#sent])].slice(0, SECRETS_REMEMBERED);
  }

  readonly #exchange: Exchange = async (call, cookies, signal) => {
    const { url } = this.#context.options;
    const client = await this.#transport.client(signal).catch((error: unknown) => {
      throw signal.aborted ? calledOff(signal) : unsent(error);
    });
    const response = await client.send({
      call: call.call,
      method: call.body === undefined ? "GET" : "POST",
      url: url + call.path,
      headers: headersOf(call, cookies, new URL(url).origin),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal,
    });
    this.#note(call, cookies);
    cookies.take(response.setCookies);
    if (response.status >= 200 && response.status < 300) return { ok: true, response };
    return { ok: false, refusal: await readRefusal(response, this.#context.clock.now(), this.#sent) };
  };
}

/** FlowAuth checks the Referer of https requests strictly, and reads a body without this content type as an empty one. */
function headersOf(call: Call, cookies: Cookies, origin: string): Record<string, string> {
  const csrf = cookies.get("X-CSRF");
  return {
    accept: "application/json",
    "user-agent": "renewd",
    referer: `${origin}/`,
    ...(cookies.header === "" ? {} : { cookie: cookies.header }),
    ...(call.body === undefined ? {} : { "content-type": "application/json" }),
    ...(call.body === undefined || csrf === undefined ? {} : { "x-csrf-token": csrf }),
  };
}
