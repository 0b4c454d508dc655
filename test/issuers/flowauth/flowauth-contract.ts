/** A FlowAuth of any make as a subject of the contract suite: the client as it is, through a front that misbehaves. */
import { decodeJwt } from "jose";
import type { IssuerType, ReadSecret } from "../../../src/core/ports.ts";
import type { FlowAuthRequest } from "../../../src/issuers/flowauth/options.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { systemRandom } from "../../../src/runtime/random.ts";
import type { IssuerSubject, IssuerTraits } from "../../contracts/issuer.ts";
import { IssuerFront } from "../../contracts/issuer-front.ts";
import type { IssuerTypeSamples } from "../../contracts/issuer-type.ts";
import type { FakeClock } from "../../support/fake-clock.ts";

const OURS = "airflow-flowapi";
const OTHER = "another";
const ROLES = ["viewer", "runner"];

export const FLOWAUTH_TRAITS: IssuerTraits = {
  capabilities: { lists: true, overlap: "kept", secret: "given", keeps: true },
  finds: "by_name",
  kinds: ["mint", "renew"],
  retires: false,
  limits: true,
  proof: "key",
  // Lifetimes are whole minutes, and expiries whole seconds.
  grainMs: 61_000,
  endless: false,
  comments: false,
  time: "shared",
  foresees: true,
};

/** Of requests and flags; those of both types are the same. */
export const FLOWAUTH_SAMPLES: Omit<IssuerTypeSamples, "options"> = {
  request: { server: "flowapi-prod", roles: ["viewer", "runner", "viewer"], lifetime: "30d" },
  endless: false,
  misfits: [],
  flags: { server: "flowapi-prod", roles: ROLES },
  wrongFlags: [{ server: null }, { roles: [] }, { scopes: ["read"] }, { user: "another" }],
  otherTokens: [{ server: "flowapi-test", roles: ROLES, lifetime: "30d" }],
};

/** A running FlowAuth with an account that holds `viewer` and `runner` on `server`, each for two hours and more. */
export interface FlowAuthAtHand<Options> {
  readonly type: IssuerType<Options, FlowAuthRequest>;
  readonly url: string;
  /** As the settings would have them, with the issuer at this address. */
  readonly optionsFor: (url: string) => unknown;
  readonly readSecret: ReadSecret;
  readonly clock: FakeClock;
  readonly password: string;
  readonly server: string;
  made(): number | Promise<number>;
  /** From now on `readSecret` does not read it. */
  hide(secret: "password" | "key"): void;
  close(): Promise<void>;
}

export async function flowAuthSubject<Options>(at: FlowAuthAtHand<Options>): Promise<IssuerSubject> {
  const { type, clock } = at;
  const front = new IssuerFront({
    backend: () => at.url,
    callOf,
    making: ["make"],
    refusal: (words) => ({ status: 400, json: { code: 400, message: words, bad_field: "name" } }),
  });
  await front.start();
  const options = type.options.parse(at.optionsFor(front.url));
  const asked = type.request.parse({ server: at.server, roles: ROLES, lifetime: "1h" });
  const request = type.readRequest(asked, options);
  const issuer = type.create({
    key: "flowauth",
    options,
    declared: [OURS, OTHER].map((name) => ({ name, request })),
    http: createHttpClient,
    clock,
    random: systemRandom,
    readSecret: (ref, signal) => at.readSecret(ref, signal),
    resolvePath: (path) => path,
  });
  return {
    issuer,
    clock,
    request,
    name: OURS,
    otherName: OTHER,
    unserved: { ...request, audience: "no-such-server" },
    impossible: [{ kind: "renew", baseId: "999999" }, { request: { ...request, roles: ["no-such-role"] } }],
    secrets: [at.password],
    get calls() {
      return front.calls;
    },
    made: () => at.made(),
    // FlowAuth revokes nothing.
    isGood: (token) => (decodeJwt(token.reveal()).exp ?? 0) * 1_000 > clock.now(),
    misbehave: (way) => front.misbehave(way),
    hideSecrets: () => at.hide("password"),
    hideProof: () => at.hide("key"),
    stop: () => front.stop(),
    close: async () => {
      await issuer.close();
      await front.stop();
      await at.close();
    },
  };
}

function callOf(method: string, path: string): string {
  if (!/^\/tokens\/tokens\/\d+(\/renew)?$/.test(path)) return "other";
  return method === "GET" ? "list" : "make";
}
