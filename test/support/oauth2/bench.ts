import { vi } from "vitest";
import { RenewdError } from "../../../src/core/errors.ts";
import type { HttpOptions, Issuer, IssuerContext, MintAnswer, MintOrder } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import type { TokenRequest } from "../../../src/core/token.ts";
import { oauth2 } from "../../../src/issuers/oauth2/index.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { FakeClock } from "../fake-clock.ts";
import { clientKey, SECRET } from "./provider.ts";

export const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

/** What `{ env }` and `{ file }` secrets hold; a missing one cannot be read. */
export type Secrets = Map<string, string>;

export interface ClientBench extends AsyncDisposable {
  readonly issuer: Issuer;
  readonly clock: FakeClock;
  readonly secrets: Secrets;
  readonly asked: HttpOptions[];
  request(given?: object): TokenRequest;
  /** A mint of this request. */
  order(request?: TokenRequest): MintOrder;
  ask(request?: TokenRequest): Promise<MintAnswer>;
  mint(request?: TokenRequest): Promise<SecretText>;
}

/** renewd's client of an OAuth2 server, with real HTTP. `given` is as in the settings, over a client with a secret. */
export function benchOf(given: Readonly<Record<string, unknown>>, clock: FakeClock = new FakeClock()): ClientBench {
  const secrets: Secrets = new Map([
    ["SECRET", SECRET],
    ["KEY", JSON.stringify(clientKey)],
  ]);
  const asked: HttpOptions[] = [];
  const { auth = "client_secret_basic" } = given;
  const secret = auth === "private_key_jwt" ? { private_key: { env: "KEY" } } : { client_secret: { env: "SECRET" } };
  const options = oauth2.options.parse({ client_id: `renewd-${String(auth)}`, ...secret, timeout: "5s", ...given });
  const context: IssuerContext<typeof options> = {
    key: "idp",
    options,
    declared: [],
    http: (http) => {
      asked.push(http);
      return createHttpClient(http);
    },
    clock,
    random: {
      share: () => 0.5,
      hex: (count) => Buffer.from(crypto.getRandomValues(new Uint8Array(count))).toString("hex"),
    },
    readSecret: async (ref) => {
      const text = secrets.get("env" in ref ? ref.env : "file" in ref ? ref.file : "");
      if (text === undefined) throw new RenewdError("secret_unreadable", "no such secret");
      return new SecretText(text);
    },
    resolvePath: (path) => path,
  };
  const issuer = oauth2.create(context);
  const request: ClientBench["request"] = (more = {}) =>
    oauth2.readRequest(oauth2.request.parse({ scope: ["read"], lifetime: "1h", ...more }), options);
  const order = (asking = request()): MintOrder => ({
    kind: "mint",
    baseId: null,
    base: null,
    name: "airflow-api",
    comment: null,
    request: asking,
    lifetimeMs: HOUR_MS,
    expAt: clock.now() + HOUR_MS,
    secret: null,
  });
  const ask: ClientBench["ask"] = (asking) => issuer.request(order(asking), never);
  const mint: ClientBench["mint"] = async (asking) => {
    const answer = await ask(asking);
    if (answer.outcome !== "minted") throw answer.error;
    return answer.token;
  };
  return { issuer, clock, secrets, asked, request, order, ask, mint, [Symbol.asyncDispose]: () => issuer.close() };
}

/** The real parts that go by `Date.now()` go by this clock, until disposed. */
export function governDates(clock: FakeClock): Disposable {
  const spy = vi.spyOn(Date, "now").mockImplementation(() => clock.now());
  return { [Symbol.dispose]: () => spy.mockRestore() };
}
