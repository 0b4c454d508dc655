import { RenewdError } from "../../../src/core/errors.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { flowauth } from "../../../src/issuers/flowauth/index.ts";
import { issuerContract } from "../../contracts/issuer.ts";
import { issuerTypeContract } from "../../contracts/issuer-type.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { makeSigningKey } from "../../support/flowauth/jwt.ts";
import { FakeFlowAuth } from "../../support/flowauth/server.ts";
import { FLOWAUTH_SAMPLES, FLOWAUTH_TRAITS, flowAuthSubject } from "./flowauth-contract.ts";

const key = makeSigningKey();

const optionsFor = (url: string): Readonly<Record<string, unknown>> => ({
  url,
  username: "flowbot",
  password: { env: "PASSWORD" },
  public_keys: [{ env: "KEY" }],
});

issuerTypeContract(flowauth, { ...FLOWAUTH_SAMPLES, options: optionsFor("https://flowauth.example.org") });

issuerContract("the flowauth client, against a stand-in for FlowAuth,", FLOWAUTH_TRAITS, async () => {
  const clock = new FakeClock();
  const server = new FakeFlowAuth(clock, key);
  await server.start();
  const secrets = new Map([
    ["PASSWORD", server.account.password],
    ["KEY", key.publicPem],
  ]);
  return flowAuthSubject({
    type: flowauth,
    url: server.url,
    optionsFor,
    readSecret: async (ref) => {
      const text = "env" in ref ? secrets.get(ref.env) : undefined;
      if (text === undefined) throw new RenewdError("secret_unreadable", "no such secret");
      return new SecretText(text);
    },
    clock,
    password: server.account.password,
    server: "flowapi-prod",
    made: () => server.rows.length,
    hide: (secret) => void secrets.delete(secret.toUpperCase()),
    close: () => server.close(),
  });
});
