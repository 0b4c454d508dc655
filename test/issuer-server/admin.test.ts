import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { type IssuerAdmin, openIssuerAdmin } from "../../src/issuer-server/index.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { newFolder, startIssuer } from "./fixture.ts";

const MINUTE = 60_000;

async function openAdmin(): Promise<IssuerAdmin> {
  const admin = await openIssuerAdmin(join(await newFolder(), "issuer.db"), { random: systemRandom });
  onTestFinished(() => admin.close());
  await admin.addServer({ name: "srv", maxLifeMs: 60 * MINUTE, latestAt: 5_000 });
  await admin.addRole({ server: "srv", name: "role", maxLifeMs: 60 * MINUTE, scopes: ["a", "a", "b"] });
  await admin.addUser({ name: "user", password: new SecretText("secret") });
  await admin.grant("user", "srv", "role");
  return admin;
}

describe("administration", () => {
  test("from another process is in force at once", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const root = new URL("../../src/", import.meta.url).href;
    const script = `
      import { openIssuerAdmin } from ${JSON.stringify(`${root}issuer-server/index.ts`)};
      import { systemRandom } from ${JSON.stringify(`${root}runtime/random.ts`)};
      const admin = await openIssuerAdmin(${JSON.stringify(issuer.dbFile)}, { random: systemRandom });
      await admin.addRole({ server: "SRV_C", name: "late", maxLifeMs: 60_000, scopes: ["s"] });
      await admin.grant("flowbot", "SRV_C", "late");
      await admin.close();`;
    await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    const body = { name: "late", roles: [{ name: "late" }] };
    expect((await user.post("/tokens/tokens/3", { body })).status).toBe(200);
  });

  test("lists every row, without its token", async () => {
    const issuer = await startIssuer();
    await (await issuer.user()).mint("one", ["reader", "runner"]);
    await (await issuer.user("root")).mint("two", ["owner"]);
    expect(await issuer.admin.listTokens()).toEqual([
      {
        id: 1,
        name: "one",
        username: "flowbot",
        server: "SRV_A",
        roles: ["reader", "runner"],
        expiresAt: issuer.clock.nowAt + 60 * MINUTE,
        comment: null,
      },
      {
        id: 2,
        name: "two",
        username: "root",
        server: "SRV_A",
        roles: ["owner"],
        expiresAt: issuer.clock.nowAt + 30 * 24 * 60 * MINUTE,
        comment: null,
      },
    ]);
  });

  const password = new SecretText("x");
  const life = { maxLifeMs: 60 * MINUTE };
  const nowhere = 'there is no server "no"';
  test.each<[string, (admin: IssuerAdmin) => Promise<unknown>, string]>([
    ["a server twice", (a) => a.addServer({ name: "srv", ...life }), 'there is a server "srv" already'],
    [
      "a server without a name",
      (a) => a.addServer({ name: "", ...life }),
      "the name of a server has 1 to 75 characters",
    ],
    [
      "half a minute",
      (a) => a.addServer({ name: "x", maxLifeMs: 90_500 }),
      "a longest life is a whole number of minutes, at least one and at most a hundred years",
    ],
    [
      "a role twice",
      (a) => a.addRole({ server: "srv", name: "role", ...life, scopes: [] }),
      'there is a role "role" already on server "srv"',
    ],
    ["a role of no server", (a) => a.addRole({ server: "no", name: "r", ...life, scopes: [] }), nowhere],
    [
      "a role that outlives its server",
      (a) => a.addRole({ server: "srv", name: "r", maxLifeMs: 61 * MINUTE, scopes: [] }),
      'role "r" may not live longer than server "srv" allows',
    ],
    [
      "a role's cap after its server's",
      (a) => a.setRoleLatest("srv", "role", 6_000),
      'a role\'s latest expiry may not be after that of server "srv"',
    ],
    ["a user twice", (a) => a.addUser({ name: "user", password }), 'there is a user "user" already'],
    [
      "an empty password",
      (a) => a.addUser({ name: "x", password: new SecretText("") }),
      'the password of "x" is empty',
    ],
    ["a grant to nobody", (a) => a.grant("no", "srv", "role"), 'there is no user "no"'],
    ["a grant of no role", (a) => a.grant("user", "srv", "no"), 'there is no role "no" on server "srv"'],
    ["a grant twice", (a) => a.grant("user", "srv", "role"), '"user" already holds role "role" on server "srv"'],
    [
      "to revoke what is not held",
      async (a) => {
        await a.revoke("user", "srv", "role");
        await a.revoke("user", "srv", "role");
      },
      '"user" does not hold role "role" on server "srv"',
    ],
    ["a cap of no server", (a) => a.setServerLatest("no", null), nowhere],
    ["to delete no role", (a) => a.deleteRole("srv", "no"), 'there is no role "no" on server "srv"'],
    ["a second factor for nobody", (a) => a.enableTwoFactor("no"), 'there is no user "no"'],
  ])("refuses %s", async (_case, act, message) => {
    const admin = await openAdmin();
    await expect(act(admin)).rejects.toMatchObject({ name: "RenewdError", code: "usage", message });
  });

  test("gives scopes of one name to several roles of a server", async () => {
    const issuer = await startIssuer();
    await issuer.admin.setRoleScopes("SRV_A", "runner", ["get_result", "run"]);
    const { json } = await (await issuer.user()).get("/tokens/servers/1");
    expect(json).toMatchObject({
      allowed_claims: { reader: ["daily&admin3", "get_result"], runner: ["get_result", "run"] },
    });
  });
});
