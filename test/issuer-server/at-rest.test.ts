import { createPublicKey } from "node:crypto";
import { readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import BetterSqlite from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { type IssuerServerOptions, openIssuerAdmin, startIssuerServer } from "../../src/issuer-server/index.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { PASSWORD, SEED, Visitor, loopback, newFolder, startIssuer } from "./fixture.ts";

interface Place {
  readonly folder: string;
  readonly clock: FakeClock;
  /** Starts an issuer here; the caller closes it, or the test's end does. */
  readonly start: (options?: Partial<IssuerServerOptions>) => Promise<{ url: string; close: () => Promise<void> }>;
}

async function newPlace(): Promise<Place> {
  const folder = join(await newFolder(), "var", "issuer");
  const clock = new FakeClock();
  return {
    folder,
    clock,
    start: async (options = {}) => {
      const server = await startIssuerServer({ ...loopback(join(folder, "issuer.db"), clock), ...options });
      let closed = false;
      const close = async (): Promise<void> => {
        if (!closed) await server.close();
        closed = true;
      };
      onTestFinished(close);
      return { url: server.url, close };
    },
  };
}

async function modeOf(file: string): Promise<string> {
  return ((await stat(file)).mode & 0o777).toString(8);
}

describe("a new issuer", () => {
  test("keeps everything in a folder of its own, readable by its owner alone but for the public key", async () => {
    const { folder, start } = await newPlace();
    const seed = { ...SEED, users: [{ name: "flowbot", roles: [{ server: "SRV_A", role: "reader" }] }] };
    const { url } = await start({ seed });
    expect(await modeOf(folder)).toBe("700");
    const modes = Object.fromEntries(
      await Promise.all((await readdir(folder)).map(async (file) => [file, await modeOf(join(folder, file))] as const)),
    );
    expect(modes).toEqual({
      "encryption.key": "600",
      "flowbot.password": "600",
      "issuer.db": "600",
      "issuer.db-shm": "600",
      "issuer.db-wal": "600",
      "public_key.pem": "644",
      "session.key": "600",
      "signing_key.pem": "600",
    });
    const password = (await readFile(join(folder, "flowbot.password"), "utf8")).trim();
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect((await new Visitor(url).signIn("flowbot", undefined, password)).status).toBe(200);
  });

  test("uses the password that a start left behind before it could make the user", async () => {
    const { folder, start } = await newPlace();
    await (await start({ seed: null })).close();
    await writeFile(join(folder, "flowbot.password"), "left behind\n");
    const { url } = await start({ seed: { servers: [], roles: [], users: [{ name: "flowbot", roles: [] }] } });
    expect((await new Visitor(url).signIn("flowbot", undefined, "left behind")).status).toBe(200);
  });

  test("refuses to name a password file after a user whose name is a path", async () => {
    const { start } = await newPlace();
    const seed = { servers: [], roles: [], users: [{ name: "../flowbot", roles: [] }] };
    await expect(start({ seed })).rejects.toMatchObject({ code: "usage" });
  });

  test("refuses a seed that contradicts itself", async () => {
    const { start } = await newPlace();
    const seed = {
      ...SEED,
      users: [{ name: "x", password: new SecretText("y"), roles: [{ server: "SRV_A", role: "no" }] }],
    };
    await expect(start({ seed })).rejects.toMatchObject({
      code: "usage",
      message: 'there is no role "no" on server "SRV_A"',
    });
  });
});

describe("a restart", () => {
  test("keeps sessions, rows and keys", async () => {
    const { folder, start } = await newPlace();
    const first = await start();
    const user = new Visitor(first.url);
    await user.signIn();
    await user.mint("kept");
    const rows = await user.list();
    const pem = await readFile(join(folder, "public_key.pem"), "utf8");
    await first.close();
    const again = new Visitor((await start()).url);
    for (const [name, value] of user.cookies) again.cookies.set(name, value);
    expect(await again.list()).toEqual(rows);
    expect((await again.post("/tokens/1/renew")).status).toBe(200);
    expect(await readFile(join(folder, "public_key.pem"), "utf8")).toBe(pem);
  });

  test("plants what is missing of the seed, and changes nothing that is there", async () => {
    const { folder, start } = await newPlace();
    await (await start()).close();
    const [flowbot] = SEED.users;
    const password = new SecretText("another");
    await (
      await start({
        seed: {
          servers: [
            { name: "SRV_A", maxLifeMs: 60_000 },
            { name: "NEW", maxLifeMs: 60_000 },
          ],
          roles: [
            { server: "SRV_A", name: "reader", maxLifeMs: 60_000, scopes: ["changed"] },
            { server: "NEW", name: "fresh", maxLifeMs: 60_000, scopes: ["f"] },
          ],
          users: [{ name: "flowbot", password, roles: [...(flowbot?.roles ?? []), { server: "NEW", role: "fresh" }] }],
        },
      })
    ).close();
    const { url } = await start();
    const user = new Visitor(url);
    expect((await user.signIn("flowbot", undefined, "another")).status).toBe(401);
    expect((await user.signIn("flowbot", undefined, PASSWORD)).status).toBe(200);
    const { json } = await user.get("/tokens/servers/1");
    expect(json).toMatchObject({ allowed_claims: { reader: ["daily&admin3", "get_result"] } });
    expect((await user.get("/tokens/servers/4")).json).toMatchObject({ allowed_claims: { fresh: ["f"] } });
    expect(await readdir(folder)).not.toContain("flowbot.password");
  });

  test("without the sealing key, or with another, is refused and makes no new one", async () => {
    const { folder, start } = await newPlace();
    await (await start()).close();
    const key = join(folder, "encryption.key");
    await rename(key, `${key}.lost`);
    await expect(start()).rejects.toMatchObject({ code: "state_key", message: expect.stringMatching(/is missing/) });
    expect(await readdir(folder)).not.toContain("encryption.key");
    await writeFile(key, `${"ab".repeat(32)}\n`);
    await expect(start()).rejects.toMatchObject({ code: "state_key", message: expect.stringMatching(/another key/) });
    await writeFile(key, "short\n");
    await expect(start()).rejects.toMatchObject({ code: "state_key" });
    await rename(`${key}.lost`, key);
    await start();
  });

  test("without the signing key is refused once a token was minted", async () => {
    const { folder, start } = await newPlace();
    const first = await start();
    const user = new Visitor(first.url);
    await user.signIn();
    await user.mint("signed");
    await first.close();
    await rm(join(folder, "signing_key.pem"));
    await expect(start()).rejects.toMatchObject({ code: "state_key" });
    expect(await readdir(folder)).not.toContain("signing_key.pem");
  });

  test("with an unreadable signing key says so without its text", async () => {
    const { folder, start } = await newPlace();
    await (await start()).close();
    await writeFile(join(folder, "signing_key.pem"), "canary of a key");
    const error = await start().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "state_key" });
    expect((error as Error).message).not.toContain("canary");
  });

  test("with a new session key ends the sessions and nothing else", async () => {
    const { folder, start } = await newPlace();
    const first = await start();
    const user = new Visitor(first.url);
    await user.signIn();
    await user.mint("kept");
    await first.close();
    await rm(join(folder, "session.key"));
    const again = new Visitor((await start()).url);
    for (const [name, value] of user.cookies) again.cookies.set(name, value);
    expect((await again.get("/is_signed_in")).status).toBe(401);
    await again.signIn();
    expect(await again.list()).toHaveLength(1);
  });

  test("on a file of a newer schema is refused", async () => {
    const { folder, start } = await newPlace();
    await (await start()).close();
    const sqlite = new BetterSqlite(join(folder, "issuer.db"));
    sqlite.prepare("insert into kysely_migration (name, timestamp) values ('9999-later', '')").run();
    sqlite.close();
    await expect(start()).rejects.toMatchObject({ code: "state_unreadable" });
  });

  test("on a file that is no database is refused", async () => {
    const { folder, start } = await newPlace();
    await (await start()).close();
    for (const file of await readdir(folder)) if (file.startsWith("issuer.db-")) await rm(join(folder, file));
    await writeFile(join(folder, "issuer.db"), "not a database".repeat(1_000));
    await expect(start()).rejects.toMatchObject({ code: "state_unreadable" });
  });
});

describe("the files", () => {
  test("hold no token, password or two-factor secret in clear", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    await user.mint("sealed");
    await user.post("/tokens/1/renew");
    const secret = await issuer.admin.enableTwoFactor("root");
    const bytes = await Promise.all(
      ["", "-wal"].map(async (suffix) => (await readFile(`${issuer.dbFile}${suffix}`)).toString("latin1")),
    );
    const all = bytes.join("");
    expect(all).toContain("flowbot");
    expect(all).toContain("$argon2id$v=19$m=19456,t=2,p=1$");
    for (const row of await user.list()) {
      for (const part of row.token.split(".")) expect(all).not.toContain(part);
    }
    expect(all).not.toContain(PASSWORD);
    expect(all).not.toContain(secret.reveal());
  });

  test("take a signing key of the operator's, and publish its public half", async () => {
    const issuer = await startIssuer();
    const own = createPublicKey(await readFile(join(issuer.folder, "given.pem"), "utf8"));
    expect(await readFile(issuer.server.publicKeyFile, "utf8")).toBe(own.export({ type: "spki", format: "pem" }));
    expect(await readdir(issuer.folder)).not.toContain("signing_key.pem");
  });
});

describe("an address that is taken", () => {
  test("is refused with its name", async () => {
    const issuer = await startIssuer();
    const port = Number(new URL(issuer.server.url).port);
    const { start } = await newPlace();
    await expect(start({ port })).rejects.toMatchObject({
      code: "settings_invalid",
      message: `the issuer cannot listen on 127.0.0.1:${port} (EADDRINUSE)`,
    });
  });
});

describe("two who open a new database at once", () => {
  test("both get it, with one key", async () => {
    const dbFile = join(await newFolder(), "issuer.db");
    const admins = await Promise.all([1, 2, 3].map(() => openIssuerAdmin(dbFile, { random: systemRandom })));
    for (const admin of admins) onTestFinished(() => admin.close());
    await admins[0]?.addServer({ name: "seen by all", maxLifeMs: 60_000 });
    expect(await admins[2]?.hasServer("seen by all")).toBe(true);
  });
});
