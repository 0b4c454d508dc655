import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { SECOND_MS } from "../core/duration.ts";
import type { Random } from "../core/ports.ts";
import type { OidcSettings } from "../core/settings.ts";
import type { Access } from "./access.ts";
import { FailureGate } from "./failure-gate.ts";
import { callerOf, type HttpEnv } from "./guard.ts";
import { looksAhead } from "./looks-ahead.ts";
import { BY_LINK, explainFailure, SignInFailure } from "./oidc-failure.ts";
import { failurePage, signedInPage } from "./oidc-page.ts";
import { PENDING_MS, PendingSignIns } from "./oidc-pending.ts";
import { OidcProvider, type ProviderParts } from "./oidc-provider.ts";
import { authorizationUrl, redeem } from "./oidc-redeem.ts";
import { type Claims, isUnverifiedEmail, roleOf, valuesOf } from "./oidc-role.ts";
import { cookieName, setSession } from "./session-cookie.ts";
import type { Ground } from "./sessions.ts";

const CALLS_LIMIT_MS: number = 25 * SECOND_MS;
const NOT_CONFIGURED = new SignInFailure(
  404,
  "There is no sign-in of this kind here.",
  `The settings have no \`http.oidc\`. ${BY_LINK}`,
);
/** A mistake of the program says nothing of itself: its text may hold anything. */
const FAILED = new SignInFailure(
  500,
  "renewd failed to answer.",
  `This should not happen; please report it. ${BY_LINK}`,
);
const ASK = "Ask whoever keeps renewd's settings";

export interface OidcOptions extends ProviderParts {
  readonly settings: OidcSettings | null;
  readonly random: Random;
  readonly access: Pick<Access, "openSession">;
}

/** Sign-in at an OpenID provider (OpenID Connect Core 1.0 §3.1, the authorization code flow). */
export interface Oidc {
  /** `GET /sign-in/oidc` and `GET /sign-in/oidc/callback`; both answer 404 where the settings have no provider. */
  readonly routes: Hono<HttpEnv>;
  /** What the provider is called, for a page that offers it; null where the settings have none. */
  readonly label: string | null;
  /** Other settings are in force. What is under way with a provider that changed has to begin again. */
  declare(settings: OidcSettings | null): void;
  close(): Promise<void>;
}

export function createOidc(options: OidcOptions): Oidc {
  const front = new OidcFront(options);
  const routes = new Hono<HttpEnv>();
  routes.onError((error, c) => failurePage(c, error instanceof SignInFailure ? error : FAILED));
  routes.use("/sign-in/oidc/*", async (c, next) => {
    // Who only looks ahead spends nothing.
    if (c.req.method === "HEAD") return c.body(null, 200);
    return looksAhead(c.req) ? c.body(null, 503) : next();
  });
  routes.get("/sign-in/oidc", (c) => front.begin(c));
  routes.get("/sign-in/oidc/callback", (c) => front.finish(c));
  return {
    routes,
    get label() {
      return front.label;
    },
    declare: (settings) => front.declare(settings),
    close: () => front.close(),
  };
}

class OidcFront {
  readonly #options: OidcOptions;
  readonly #misses: FailureGate;
  #current: { readonly provider: OidcProvider; readonly pending: PendingSignIns } | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
    this.#misses = new FailureGate(options.clock);
    this.declare(options.settings);
  }

  get label(): string | null {
    return this.#current?.provider.settings.label ?? null;
  }

  declare(settings: OidcSettings | null): void {
    const before = this.#current;
    if (JSON.stringify(before?.provider.settings ?? null) === JSON.stringify(settings)) return;
    const { clock, random } = this.#options;
    this.#current =
      settings === null
        ? undefined
        : { provider: new OidcProvider(settings, this.#options), pending: new PendingSignIns(clock, random) };
    void before?.provider.close();
  }

  async close(): Promise<void> {
    await this.#current?.provider.close();
  }

  async begin(c: Context<HttpEnv>): Promise<Response> {
    const { provider, pending } = this.#configured();
    const { redirectUrl, label } = provider.settings;
    const { host, origin } = new URL(redirectUrl);
    if (c.req.header("host")?.toLowerCase() !== host)
      throw new SignInFailure(400, `${label} would send you back to ${origin}, not here.`, "Sign in there.", {
        href: `${origin}/sign-in/oidc`,
      });
    const begun = pending.begin();
    const url = await this.#within(label, (signal) => authorizationUrl(provider, begun, signal));
    setCookie(c, ...cookieOf(redirectUrl, begun.sealed));
    return c.redirect(url, 303);
  }

  async finish(c: Context<HttpEnv>): Promise<Response> {
    const { provider, pending } = this.#configured();
    const { label, redirectUrl } = provider.settings;
    const [name, , attributes] = cookieOf(redirectUrl, "");
    const answer = new URL(c.req.url).searchParams;
    const begun = pending.take(getCookie(c, name) ?? "", answer.get("state") ?? "");
    if (begun === undefined) {
      const waitMs = this.#misses.failed(callerOf(c));
      if (waitMs > 0) throw tooMany(waitMs);
      const message = "This sign-in was not begun in this browser, was finished already, or took too long.";
      throw new SignInFailure(400, message, "Begin again, and let the browser keep cookies.");
    }
    deleteCookie(c, name, attributes);
    const claims = await this.#within(label, (signal) => redeem(provider, begun, answer, signal));
    const session = this.#options.access.openSession(this.#groundOf(claims, provider.settings));
    setSession(c, session, redirectUrl.startsWith("https:"));
    return signedInPage(c);
  }

  /** A person, who may come in as long as the settings name one of what the provider said of him. Throws for one who may not. */
  #groundOf(claims: Claims, settings: OidcSettings): Ground {
    const { issuer, claim } = settings;
    const values = admitted(claims, settings);
    return {
      key: `oidc ${issuer} ${String(claims["sub"])}`,
      roleNow: async () => {
        const now = this.#current?.provider.settings;
        return now?.issuer === issuer && now.claim === claim ? roleOf(values, now) : undefined;
      },
    };
  }

  #configured(): { readonly provider: OidcProvider; readonly pending: PendingSignIns } {
    if (this.#current === undefined) throw NOT_CONFIGURED;
    return this.#current;
  }

  /** All calls of one step together take no longer than this. */
  async #within<T>(label: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const cancel = this.#options.clock.after(CALLS_LIMIT_MS, () => limit.abort());
    try {
      return await work(limit.signal);
    } catch (thrown) {
      throw explainFailure(thrown, label);
    } finally {
      cancel();
    }
  }
}

/** What lets this person in, of all that the provider said of him. */
function admitted(claims: Claims, settings: OidcSettings): readonly string[] {
  const { claim, label } = settings;
  const values = valuesOf(claims, claim);
  if (values === undefined)
    throw new SignInFailure(403, `${label} says nothing of your \`${claim}\`.`, `${ASK} to let it tell that claim.`);
  if (isUnverifiedEmail(claims, claim))
    throw new SignInFailure(403, `${label} has not verified your e-mail address.`, `${ASK} to go by another claim.`);
  const named = values.filter((value) => roleOf([value], settings) !== undefined);
  if (named.length > 0) return named;
  const message = `You signed in at ${label}, but none of your \`${claim}\` is let in here.`;
  throw new SignInFailure(403, message, `${ASK} to add you to \`operators\` or \`viewers\` of \`http.oidc\`.`);
}

function tooMany(waitMs: number): SignInFailure {
  return new SignInFailure(429, "Too many sign-ins from here.", `Wait ${Math.ceil(waitMs / SECOND_MS)} s.`, { waitMs });
}

/** `Lax`, since the provider's page leads back to us; over TLS no neighbour can plant one. */
function cookieOf(redirectUrl: string, sealed: string) {
  const secure = redirectUrl.startsWith("https:");
  const name = cookieName("renewd_sign_in", new URL(redirectUrl).host, secure);
  const attributes = { httpOnly: true, sameSite: "Lax", path: "/", secure, maxAge: PENDING_MS / SECOND_MS } as const;
  return [name, sealed, attributes] as const;
}
