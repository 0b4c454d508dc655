/** renewd's sign-in over a real socket, and a browser that keeps cookies and goes where it is sent. */
import { Hono } from "hono";
import { RenewdError } from "../../src/core/errors.ts";
import type { HttpOptions } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { OidcSettings } from "../../src/core/settings.ts";
import { type Access, createAccess } from "../../src/http/access.ts";
import { allow, type HttpEnv, knownHostOnly, secureHeaders } from "../../src/http/guard.ts";
import { createOidc, type Oidc } from "../../src/http/oidc.ts";
import { answerProblem } from "../../src/http/problem.ts";
import { serveHttp } from "../../src/http/serve.ts";
import { createHttpClient } from "../../src/runtime/http-client.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { SECRET } from "../support/oauth2/provider.ts";

export interface OidcBench extends AsyncDisposable {
  readonly url: string;
  readonly clock: FakeClock;
  readonly access: Access;
  readonly oidc: Oidc;
  readonly settings: OidcSettings;
  readonly secrets: Map<string, string>;
  readonly asked: HttpOptions[];
}

/** `given` over a client with a secret. The clock stands at the real time, by which the library judges tokens. */
export async function oidcBench(issuer: string, given: Partial<OidcSettings> = {}): Promise<OidcBench> {
  const clock = new FakeClock(Date.now());
  const secrets = new Map([["SECRET", SECRET]]);
  const asked: HttpOptions[] = [];
  const access = createAccess({ tokens: [], readSecret, clock, random: systemRandom, emit: () => undefined });
  const oidc = createOidc({
    settings: null,
    access,
    clock,
    random: systemRandom,
    readSecret,
    http: (options) => {
      asked.push(options);
      return createHttpClient(options);
    },
  });
  async function readSecret(ref: object): Promise<SecretText> {
    const text = "env" in ref ? secrets.get(String(ref.env)) : undefined;
    if (text === undefined) throw new RenewdError("secret_unreadable", "the environment variable SECRET is not set");
    return new SecretText(text);
  }
  const app = new Hono<HttpEnv>();
  app.onError((error) => answerProblem(error));
  app.use(
    secureHeaders,
    knownHostOnly(() => []),
  );
  app.route("/", oidc.routes);
  app.get("/", allow(access, "viewer", "operator"), (c) => c.text(c.get("role")));
  const listening = await serveHttp(app, { host: "127.0.0.1", port: 0 });
  const settings: OidcSettings = {
    issuer,
    clientId: "renewd",
    clientSecret: { env: "SECRET" },
    auth: "client_secret_basic",
    redirectUrl: `${listening.url}/sign-in/oidc/callback`,
    scopes: ["openid", "groups"],
    claim: "groups",
    operators: ["ops", "admins"],
    viewers: ["staff"],
    label: "Example <ID>",
    ca: null,
    proxy: null,
    timeoutMs: 5_000,
    ...given,
  };
  oidc.declare(settings);
  const dispose = async (): Promise<void> => {
    await listening.close();
    await oidc.close();
  };
  return { url: listening.url, clock, access, oidc, settings, secrets, asked, [Symbol.asyncDispose]: dispose };
}

export interface Seen {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Cookies by origin, as of two hosts, and redirects followed to the end. Of `SameSite` it knows nothing. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();
  /** Every address that it went to. */
  readonly visited: string[] = [];

  /** One request, without following. */
  async get(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
    const url = new URL(address);
    const jar = this.#jars.get(url.origin) ?? new Map<string, string>();
    this.#jars.set(url.origin, jar);
    this.visited.push(url.href);
    const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(url, {
      redirect: "manual",
      headers: { ...headers, ...(cookie === "" ? {} : { cookie }) },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; *Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return { url: url.href, status: answer.status, headers: answer.headers, body: await answer.text() };
  }

  /** Follows redirects to where they end, or before the one that `stop` fits. */
  async open(address: string, stop: RegExp = /^$/): Promise<Seen> {
    let seen = await this.get(address);
    for (let step = 0; step < 10; step += 1) {
      const location = seen.headers.get("location");
      if (location === null || seen.status < 300 || seen.status > 399) return seen;
      const next = new URL(location, seen.url).href;
      if (stop.test(next)) return { ...seen, url: next };
      seen = await this.get(next);
    }
    throw new Error("it never ends");
  }

  isSignedIn(origin: string): boolean {
    return this.cookies(origin).has(`renewd_session_${new URL(origin).port}`);
  }

  cookies(origin: string): ReadonlyMap<string, string> {
    return this.#jars.get(origin) ?? new Map();
  }
}
