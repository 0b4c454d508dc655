import type { HttpOptions, IssuerContext, Issuer } from "../../../src/core/ports.ts";
import { RenewdError } from "../../../src/core/errors.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import type { TokenRequest } from "../../../src/core/token.ts";
import { flowauth } from "../../../src/issuers/flowauth/index.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { FakeClock } from "../fake-clock.ts";
import { makeSigningKey } from "./jwt.ts";
import { FakeFlowAuth } from "./server.ts";

export const NAME = "airflow-flowapi";
export const DAY = 86_400_000;

/** A FlowAuth client at work on a stand-in, with real HTTP between them and one clock for both. */
export interface Bench extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly server: FakeFlowAuth;
  readonly issuer: Issuer;
  readonly request: TokenRequest;
  /** What `{ env }` secrets hold; a missing one cannot be read. */
  readonly secrets: Map<string, string>;
  readonly asked: HttpOptions[];
}

export interface BenchOptions {
  readonly totp?: string;
  readonly timeoutMs?: number;
  readonly names?: readonly string[];
}

const key = makeSigningKey();

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const clock = new FakeClock();
  const server = new FakeFlowAuth(clock, key);
  await server.start();
  const secrets = new Map([
    ["PASSWORD", "correct horse"],
    ["KEY", key.publicPem],
  ]);
  if (options.totp !== undefined) secrets.set("TOTP", options.totp);
  const flowauthOptions = flowauth.options.parse({
    url: server.url,
    username: "flowbot",
    password: { env: "PASSWORD" },
    public_keys: [{ env: "KEY" }],
    timeout: `${options.timeoutMs ?? 5_000}ms`,
    ...(options.totp === undefined ? {} : { totp: { env: "TOTP" } }),
  });
  const request = flowauth.readRequest(
    flowauth.request.parse({ server: "flowapi-prod", roles: ["viewer", "runner"], lifetime: "1d" }),
    flowauthOptions,
  );
  const asked: HttpOptions[] = [];
  const context: IssuerContext<Parameters<typeof flowauth.create>[0]["options"]> = {
    key: "flowauth",
    options: flowauthOptions,
    declared: (options.names ?? [NAME]).map((name) => ({ name, request })),
    http: (http) => {
      asked.push(http);
      return createHttpClient(http);
    },
    clock,
    random: { share: () => 0.5, hex: (count) => "ab".repeat(count) },
    readSecret: async (ref) => {
      const text = "env" in ref ? secrets.get(ref.env) : undefined;
      if (text === undefined) throw new RenewdError("secret_unreadable", "no such secret");
      return new SecretText(text);
    },
    resolvePath: (path) => path,
  };
  const issuer = flowauth.create(context);
  const dispose = async (): Promise<void> => {
    await issuer.close();
    await server.close();
  };
  return { clock, server, issuer, request, secrets, asked, [Symbol.asyncDispose]: dispose };
}
