import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RenewdError } from "../../../src/core/errors.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { startIssuerServer } from "../../../src/issuer-server/index.ts";
import { flowauth } from "../../../src/issuers/flowauth/index.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { systemRandom } from "../../../src/runtime/random.ts";
import { issuerContract, type IssuerSubject } from "../../contracts/issuer.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const DAY = 86_400_000;
const OURS = "airflow-flowapi";

issuerContract("the flowauth client, against the embedded issuer,", async (): Promise<IssuerSubject> => {
  const folder = await mkdtemp(join(tmpdir(), "renewd-issuer-"));
  const clock = new FakeClock();
  const server = await startIssuerServer({
    dbFile: join(folder, "issuer", "issuer.db"),
    host: "127.0.0.1",
    port: 0,
    seed: {
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
    },
    clock,
    random: systemRandom,
  });
  const beside = dirname(server.publicKeyFile);
  const request = flowauth.readRequest(
    flowauth.request.parse({ server: "flowapi-local", roles: ["viewer", "runner"], lifetime: "1h" }),
  );
  const calls: string[] = [];
  let hidden = false;
  const issuer = flowauth.create({
    key: "local",
    options: flowauth.options.parse({
      url: server.url,
      username: "flowbot",
      password: { file: join(beside, "flowbot.password") },
      public_keys: [{ file: server.publicKeyFile }],
    }),
    declared: [OURS, "another"].map((name) => ({ name, request })),
    http: (options) => {
      const client = createHttpClient(options);
      return { send: (asked) => (calls.push(asked.call), client.send(asked)), close: () => client.close() };
    },
    clock,
    random: systemRandom,
    readSecret: async (ref) => {
      if (!("file" in ref) || (hidden && ref.file === server.publicKeyFile)) {
        throw new RenewdError("secret_unreadable", "hidden by the test");
      }
      return new SecretText((await readFile(ref.file, "utf8")).trimEnd());
    },
    resolvePath: (path) => path,
  });
  let running = true;
  const stop = async (): Promise<void> => {
    if (running) await server.close();
    running = false;
  };
  return {
    issuer,
    clock,
    request,
    name: OURS,
    otherName: "another",
    calls,
    hideKeys: () => void (hidden = true),
    stop,
    close: async () => {
      await issuer.close();
      await stop();
      await rm(folder, { recursive: true });
    },
  };
});
