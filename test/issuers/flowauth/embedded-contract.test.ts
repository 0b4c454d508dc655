import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RenewdError } from "../../../src/core/errors.ts";
import type { ReadSecret } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { type IssuerSeed, openIssuerAdmin, startIssuerServer } from "../../../src/issuer-server/index.ts";
import { embedded } from "../../../src/issuers/flowauth/embedded.ts";
import { systemRandom } from "../../../src/runtime/random.ts";
import { issuerContract } from "../../contracts/issuer.ts";
import { issuerTypeContract } from "../../contracts/issuer-type.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FLOWAUTH_SAMPLES, FLOWAUTH_TRAITS, flowAuthSubject } from "./flowauth-contract.ts";

const DAY = 86_400_000;

const SEED: IssuerSeed = {
  servers: [{ name: "flowapi-local", maxLifeMs: 30 * DAY }],
  roles: [
    { server: "flowapi-local", name: "runner", maxLifeMs: 30 * DAY, scopes: ["run"] },
    { server: "flowapi-local", name: "viewer", maxLifeMs: 30 * DAY, scopes: ["get_result"] },
  ],
  users: [
    {
      name: "flowbot",
      roles: [
        { server: "flowapi-local", role: "runner" },
        { server: "flowapi-local", role: "viewer" },
      ],
    },
  ],
};

issuerTypeContract(embedded, { ...FLOWAUTH_SAMPLES, options: { db: "/var/lib/renewd/issuer.db" } });

const traits = { ...FLOWAUTH_TRAITS, comments: true };

issuerContract("the flowauth client, against the embedded issuer,", traits, async () => {
  const folder = await mkdtemp(join(tmpdir(), "renewd-issuer-"));
  const clock = new FakeClock();
  const dbFile = join(folder, "issuer", "issuer.db");
  const server = await startIssuerServer({
    dbFile,
    host: "127.0.0.1",
    port: 0,
    seed: SEED,
    clock,
    random: systemRandom,
  });
  const admin = await openIssuerAdmin(dbFile, { random: systemRandom });
  const files = { key: server.publicKeyFile, password: join(folder, "issuer", "flowbot.password") };
  const hidden = new Set<string>();
  const readSecret: ReadSecret = async (ref) => {
    if (!("file" in ref) || hidden.has(ref.file)) {
      throw new RenewdError("secret_unreadable", "hidden by the test");
    }
    return new SecretText((await readFile(ref.file, "utf8")).trimEnd());
  };
  return flowAuthSubject({
    type: embedded,
    url: server.url,
    optionsFor: (url) => ({ listen: new URL(url).host, db: dbFile }),
    readSecret,
    clock,
    password: (await readFile(files.password, "utf8")).trimEnd(),
    server: "flowapi-local",
    made: async () => (await admin.listTokens()).length,
    hide: (secret) => void hidden.add(files[secret]),
    close: async () => {
      await admin.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  });
});
