import { RenewdError } from "../../../src/core/errors.ts";
import type { Issuer, MintOrder } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import type { TokenRequest } from "../../../src/core/token.ts";
import { http } from "../../../src/issuers/http/index.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { systemRandom } from "../../../src/runtime/random.ts";
import type { FakeClock } from "../fake-clock.ts";

export const NEVER_ABORTED: AbortSignal = new AbortController().signal;

export interface HttpBench {
  readonly issuer: Issuer;
  readonly request: TokenRequest;
  /** What `{ env }` secrets hold; a missing one cannot be read. */
  readonly secrets: Map<string, string>;
  /** How often a secret was read. */
  readonly reads: string[];
  orderOf(order?: Partial<MintOrder>): MintOrder;
}

/** The client as settings would make it. */
export function httpBench(
  clock: FakeClock,
  options: unknown,
  request: unknown,
  given: Readonly<Record<string, string>> = {},
): HttpBench {
  const parsed = http.options.parse(options);
  const wanted = http.readRequest(http.request.parse(request), parsed);
  const secrets = new Map(Object.entries(given));
  const reads: string[] = [];
  const issuer = http.create({
    key: "http",
    options: parsed,
    declared: [{ name: "ci", request: wanted }],
    http: createHttpClient,
    clock,
    random: systemRandom,
    readSecret: (ref) => {
      const name = "env" in ref ? ref.env : "";
      const text = secrets.get(name);
      reads.push(name);
      if (text === undefined) return Promise.reject(new RenewdError("secret_unreadable", "no such secret"));
      return Promise.resolve(new SecretText(text));
    },
    resolvePath: (path) => path,
  });
  const orderOf = (order: Partial<MintOrder> = {}): MintOrder => ({
    kind: "mint",
    baseId: null,
    base: null,
    name: "ci",
    comment: null,
    request: wanted,
    lifetimeMs: wanted.lifetimeMs,
    expAt: clock.now() + wanted.lifetimeMs,
    secret: null,
    ...order,
  });
  return { issuer, request: wanted, secrets, reads, orderOf };
}
