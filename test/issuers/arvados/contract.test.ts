import { arvados } from "../../../src/issuers/arvados/index.ts";
import { issuerContract, type IssuerSubject, type IssuerTraits } from "../../contracts/issuer.ts";
import { IssuerFront } from "../../contracts/issuer-front.ts";
import { issuerTypeContract } from "../../contracts/issuer-type.ts";
import type { FakeArvados } from "../../support/arvados/server.ts";
import { asked, NAME, startBench } from "./bench.ts";

const TOKENS = "/arvados/v1/api_client_authorizations";
const USER = "zzzzz-tpzed-0123456789abcde";

const traits: IssuerTraits = {
  capabilities: { lists: false, overlap: "kept", secret: "chosen", keeps: true },
  finds: "alike",
  kinds: ["mint", "renew", "extend"],
  retires: true,
  proof: "asking",
  resembles: true,
  grainMs: 0,
  endless: true,
  comments: false,
  time: "shared",
  foresees: false,
};

issuerTypeContract(arvados, {
  options: {
    url: "https://zzzzz.example.org",
    token: { env: "OWN" },
    presets: { mine: { reason: "for this suite", scopes: ["all"] } },
  },
  request: { role: "keep-balance", lifetime: "30d" },
  endless: true,
  misfits: [{ role: "no-such-preset" }],
  flags: { roles: ["keep-balance"] },
  wrongFlags: [{ server: "x" }, { roles: [] }, { roles: ["keep-balance", "mine"] }, { scopes: ["all"] }],
  otherTokens: [{ role: "keep-balance", user: USER, lifetime: "30d" }],
});

issuerContract("the arvados client with SystemRootToken", traits, () =>
  subjectOf((server) => ({ user: "root", token: server.rootToken })),
);

issuerContract("the arvados client with a token of the tokens' own user", { ...traits, foresees: true }, () =>
  subjectOf((server) => {
    const { uuid, token } = server.addUser();
    server.addRow(uuid);
    return { user: uuid, token };
  }),
);

async function subjectOf(
  account: (server: FakeArvados) => { readonly user: string; readonly token: string },
): Promise<IssuerSubject> {
  let backend = "";
  const front = new IssuerFront({
    backend: () => backend,
    callOf,
    making: ["make"],
    refusal: (words) => ({ status: 422, json: { errors: [`#<ActiveRecord::RecordInvalid: ${words}>`] } }),
  });
  await front.start();
  const bench = await startBench({ url: () => front.url });
  const { server, clock, secrets } = bench;
  backend = server.url;
  const { user, token } = account(server);
  secrets.set("OWN", token);
  const request = asked({ user, lifetime: "1h" });
  const nobody = {
    ...request,
    subject: "zzzzz-tpzed-nobodyatallhere",
    detail: { form: "v2", user: "zzzzz-tpzed-nobodyatallhere" },
  };
  return {
    issuer: bench.issuer,
    clock,
    request,
    name: NAME,
    otherName: "another",
    otherPowers: asked({ user, scopes: ["GET /arvados/v1/"], lifetime: "1h" }),
    unserved: asked({ user: "root" }),
    impossible: [{ kind: "extend", baseId: "zzzzz-gj3su-0123456789abcde" }, { request: nobody }],
    secrets: [token],
    get calls() {
      return front.calls;
    },
    made: () => server.calls("create").filter(({ status }) => status === 200).length,
    isGood: (each) => server.live().some((row) => each.reveal() === `v2/${row.uuid}/${row.api_token}`),
    misbehave: (way) => front.misbehave(way),
    hideSecrets: () => void secrets.delete("OWN"),
    hideProof: () => front.cut("current"),
    stop: () => front.stop(),
    close: async () => {
      await bench[Symbol.asyncDispose]();
      await front.stop();
    },
  };
}

/** The further pages of a list are no listing of their own. */
function callOf(method: string, target: string): string {
  const { pathname, searchParams } = new URL(target, "http://arvados.invalid");
  if (pathname === `${TOKENS}/current`) return "current";
  if (pathname === TOKENS && method === "GET") return searchParams.get("offset") === "0" ? "list" : "page";
  return method === "POST" || method === "PUT" ? "make" : "other";
}
