import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/cli/app-port.ts";
import { runCli } from "../../src/cli/program.ts";
import type { Created, CreationOrder } from "../../src/core/control.ts";
import { DAY_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { created, type FakeApp, fakeApp, fakeControl, memoryCli, NOW, type Ran, renewd, settings } from "./support.ts";

const TOKEN = "header.created.signature";

interface Bench {
  readonly app: FakeApp;
  readonly orders: CreationOrder[];
}

function bench(answer: Partial<Created> | Error = {}, change: Partial<App> = {}): Bench {
  const orders: CreationOrder[] = [];
  const createToken = (order: CreationOrder): Promise<Created> => {
    orders.push(order);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(created(answer));
  };
  return { app: fakeApp(fakeControl({ createToken }), change), orders };
}

/** What the verb asked for; the arguments may hold spaces. */
async function orderOf(...argv: readonly string[]): Promise<CreationOrder | undefined> {
  const { app, orders } = bench();
  await runCli(["create-token", "--print", ...argv], memoryCli(app).cli);
  return orders[0];
}

function issuers(...types: readonly string[]): Partial<App> {
  const declared = types.map((type, index) => ({ key: `${type}-${index + 1}`, type, options: {} }));
  return {
    checkSettings: () =>
      Promise.resolve({ settings: { ...settings, issuers: declared }, warnings: [], probe: () => Promise.resolve([]) }),
  };
}

const described = { kind: "described", issuer: "flowauth", name: null, comment: null } as const;
const flags = { user: null, server: null, roles: [], scopes: [], lifetime: null };

describe("create-token", () => {
  it("prints the token alone on stdout, and all about it on stderr", async () => {
    const about = { comment: "for Airflow", warnings: ["it is capped"] };
    const { code, out, err } = await renewd(bench(about).app, "create-token --print");
    expect({ code, out }).toEqual({ code: 0, out: TOKEN });
    expect(err.split("\n")).toEqual([
      `made ${created().fingerprint} for flowbot: airflow-flowapi at flowauth, expires 2026-07-01T12:02:00Z (in 2 min)`,
      "  roles   viewer",
      "  comment for Airflow",
      "  !       it is capped",
      "  ->      nothing renews it: declare it in the settings to keep it alive",
    ]);
    expect(err).not.toContain(TOKEN);
  });

  it("says of a declared one nothing of renewing, and of one without an end that none is known", async () => {
    const { err } = await renewd(bench({ expAt: null, outcome: "reused" }).app, "create-token airflow --print");
    expect(err).toMatch(/^reused .* at flowauth, no end of it is known$/m);
    expect(err).not.toContain("nothing renews it");
  });

  it("with --json is one document, the token in it", async () => {
    const { out, err } = await renewd(bench().app, "create-token --print --json");
    expect(err).toBe("");
    expect(JSON.parse(out)).toEqual({
      token: TOKEN,
      fingerprint: created().fingerprint,
      key: "airflow",
      issuer: "flowauth",
      issuer_id: "8",
      name: "airflow-flowapi",
      comment: null,
      user: "flowbot",
      roles: ["viewer"],
      expires_at: "2026-07-01T12:02:00Z",
      outcome: "made",
      warnings: [],
    });
  });

  it.each(["create-token", "create-token airflow --json", "create-superuser-token"])(
    "`%s` into a pipe is refused before anything is asked, and prints at a terminal",
    async (line) => {
      const piped = bench({}, issuers("arvados"));
      const { code, out, err } = await renewd(piped.app, line);
      expect({ code, asked: piped.app.asked }).toEqual({ code: 64, asked: [] });
      if (line.endsWith("--json")) expect(JSON.parse(out)).toMatchObject({ error: { code: "usage" } });
      else expect(out).toBe("");
      expect(err).toContain("--print");
      const seen = await renewd(bench({}, issuers("arvados")).app, line, true);
      expect(seen).toMatchObject({ code: 0, out: expect.stringContaining(TOKEN) as string });
    },
  );

  it("asks for a described token as the flags say", async () => {
    const all = "--issuer x --name n --user u --server s --role a --role b --scope c --comment".split(" ");
    expect(await orderOf(...all, "for Airflow", "--lifetime", "30d", "--reuse")).toEqual({
      of: {
        kind: "described",
        issuer: "x",
        name: "n",
        comment: "for Airflow",
        flags: { user: "u", server: "s", roles: ["a", "b"], scopes: ["c"], lifetime: "30d" },
      },
      expAt: null,
      reuse: true,
      secret: null,
      superuser: false,
    });
    expect(await orderOf("--user=zzzzz-tpzed-000000000000000")).toMatchObject({
      of: { ...described, flags: { ...flags, user: "zzzzz-tpzed-000000000000000" } },
    });
  });

  it("asks for a declared token by its key, the lifetime as an instant", async () => {
    expect(await orderOf("airflow", "--lifetime", "1d")).toMatchObject({
      of: { kind: "declared", token: "airflow" },
      expAt: NOW + DAY_MS,
    });
    expect(await orderOf("airflow")).toMatchObject({ expAt: null, reuse: false });
  });

  it("an expiry goes out as the instant, and as the lifetime that it is", async () => {
    const order = await orderOf("--expires-at", "2026-07-01T12:00:00.500+00:00");
    expect(order).toMatchObject({ expAt: NOW + 500, of: { flags: { lifetime: "1s" } } });
  });

  it("lets the settings run commands only when told", async () => {
    const { app } = bench();
    await renewd(app, "create-token airflow --print --allow-commands");
    expect(app.asked).toMatchObject([{ need: "act", allowCommands: true }]);
  });

  it.each([
    ["airflow --role viewer --comment x", "airflow is described by the settings; leave --role, --comment out"],
    ["--lifetime 1d --expires-at 2030-01-01T00:00:00Z", "cannot be used with option '--expires-at"],
    ["--lifetime soon", "expected a duration"],
    ["--expires-at tomorrow", "expected an instant"],
    ["--expires-at 2026-07-01T12:00:00Z", "is past"],
    ["--expires-at 2036-08-01T00:00:00Z", "more than ten years off"],
    [`--comment ${"x".repeat(501)}`, "expected 1 to 500 characters"],
    ["--token x --token-file y", "either --token or --token-file"],
  ])("`create-token --print %s` exits 64 and asks nothing", async (line, why) => {
    const { app, orders } = bench();
    const { code, out, err } = await renewd(app, `create-token --print ${line}`);
    expect({ code, out, orders }).toEqual({ code: 64, out: "", orders: [] });
    expect(err).toContain(why);
  });

  it("takes the only issuer there is, and asks which one where there are several or none", async () => {
    const several = await renewd(bench({}, issuers("arvados", "oauth2")).app, "create-token --print");
    expect(several).toMatchObject({ code: 64, err: expect.stringContaining("arvados-1, oauth2-2") as string });
    expect(await renewd(bench({}, issuers()).app, "create-token --print")).toMatchObject({ code: 64 });
    expect(await orderOf()).toMatchObject({ of: { issuer: "flowauth" } });
  });

  it("names the declared tokens when the key is a slip", async () => {
    const error = new RenewdError("unknown_token", "no token airflw is declared");
    const { code, err } = await renewd(bench(error).app, "create-token airflw --print");
    expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining("Did you mean one of airflow") as string });
  });

  it("exits 3 with what differs when the given token is another", async () => {
    const error = new RenewdError("token_differs", "the given token exists but …");
    const { code, out, err } = await renewd(bench(error).app, "create-token --print --token abc");
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toContain("the given token exists but …");
  });
});

describe("a given secret", () => {
  const LONG = "a-secret-of-24-characters";
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "renewd-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function given(line: string, text?: string): Promise<Ran & { readonly secret: string | undefined }> {
    if (text !== undefined) writeFileSync(join(folder, "secret"), text);
    const { app, orders } = bench({}, issuers("arvados"));
    const ran = await renewd(app, line.replace("FILE", join(folder, "secret")));
    return { ...ran, secret: orders[0]?.secret?.reveal() };
  }

  it("comes from a file, less one newline, without a warning", async () => {
    const { secret, err } = await given("create-token --print --token-file FILE", `${LONG}\n`);
    expect(secret).toBe(LONG);
    expect(err).not.toMatch(/ps|guessed/);
  });

  it.each([`create-token --print --token ${LONG}`, `create-superuser-token --print ${LONG}`])(
    "in an argument is taken with a warning that `ps` shows it: %s",
    async (line) => {
      const { secret, err } = await given(line);
      expect(secret).toBe(LONG);
      expect(err).toContain("`ps`");
      expect(err).not.toMatch(/guessed|a-secret/);
    },
  );

  it("that is short is taken with a warning that it can be guessed", async () => {
    const { secret, err } = await given("create-token --print --token-file FILE", "nineteen-characters");
    expect(secret).toBe("nineteen-characters");
    expect(err).toContain("can be guessed");
    expect(err).not.toContain("nineteen-");
  });

  it("that cannot be read, is empty or no text is refused", async () => {
    rmSync(join(folder, "secret"), { force: true });
    const missing = await given("create-token --print --token-file FILE");
    expect(missing).toMatchObject({ code: 3, secret: undefined, err: expect.stringContaining("ENOENT") as string });
    expect(await given("create-token --print --token-file FILE", "\n")).toMatchObject({ code: 64, secret: undefined });
    const large = await given("create-token --print --token-file FILE", "x".repeat(64 * 1024 + 1));
    expect(large).toMatchObject({ code: 64, secret: undefined });
  });
});

describe("create-superuser-token", () => {
  it("is create-token --reuse with all powers, at the only Arvados there is", async () => {
    const { app, orders } = bench({}, issuers("flowauth", "arvados"));
    expect(await renewd(app, "create-superuser-token --print")).toMatchObject({ code: 0, out: TOKEN });
    const all = { ...flags, user: "root", scopes: ["all"] };
    const of = { ...described, issuer: "arvados-2", flags: all };
    expect(orders).toEqual([{ of, expAt: null, reuse: true, secret: null, superuser: true }]);
  });

  it.each([
    [["flowauth"], "", "no such issuer is declared"],
    [["arvados", "arvados"], "", "arvados-1, arvados-2"],
    [["flowauth", "arvados"], "--issuer flowauth-1", "there are no superuser tokens"],
    [["arvados"], "--issuer other", "no issuer other is declared. Did you mean"],
  ])("with %j `%s` exits 64 and says why", async (types, line, why) => {
    const { app, orders } = bench({}, issuers(...types));
    const { code, err } = await renewd(app, `create-superuser-token --print ${line}`.trim());
    expect({ code, orders }).toEqual({ code: 64, orders: [] });
    expect(err).toContain(why);
  });
});

it("a token that could not be written is no success, and the way to have it is told", async () => {
  const { cli, err } = memoryCli(bench().app);
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const out = { ...cli.out, deliver: () => Promise.reject(full) };
  expect(await runCli(["create-token", "--print", "airflow-flowapi"], { ...cli, out })).toBe(3);
  expect(err.join("\n")).toMatch(/could not be written to stdout \(ENOSPC\)[^]*--reuse/);
  expect(err.join("\n")).not.toContain(TOKEN);
});
