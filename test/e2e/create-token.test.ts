import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { tokenText } from "../support/arvados/server.ts";
import type { Ended, Renewd } from "../support/process.ts";
import { type ArvadosPlace, newArvadosPlace } from "./arvados-place.ts";
import { freePort, newPlace, PATIENT, type Place } from "./place.ts";
import { proved } from "./reader.ts";

vi.setConfig(PATIENT);

const CONFIG: string = new URL("../../config/renewd.yaml", import.meta.url).pathname;
const RENEWD: string = new URL("../../bin/renewd.js", import.meta.url).pathname;
const TOKEN = "airflow-flowapi";

type Document = Readonly<Record<string, unknown>>;

function documentOf({ code, stdout, stderr }: Ended): Document {
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Document;
}

describe("create-token at the embedded issuer", () => {
  const described =
    "create-token --name notebook --server flowapi-local --role viewer --lifetime 10m --reuse --print".split(" ");
  let place: Place;
  let daemon: Renewd;
  let made: string;

  beforeAll(async () => {
    place = await newPlace();
    const text = await readFile(CONFIG, "utf8");
    const ports = text.replace(":8080", `:${place.httpPort}`).replace(":8081", `:${await freePort()}`);
    await place.settings(ports.replace("lifetime: 2m", "lifetime: 1h"));
    daemon = await place.daemon();
    await daemon.event("renewal:settled");
  });
  afterAll(() => place[Symbol.asyncDispose]());

  it("makes a described token through the daemon, alone on stdout, and tells of it on stderr", async () => {
    const { code, stdout, stderr } = await place.run(...described, "--comment", "for a notebook");
    expect(code).toBe(0);
    made = stdout.trimEnd();
    const { sub, aud, iat, exp, scopes } = await proved(
      made,
      await readFile(place.path("var/issuer/public_key.pem"), "utf8"),
    );
    expect({ sub, aud, lifetime: exp - iat }).toEqual({ sub: "flowbot", aud: "flowapi-local", lifetime: 600 });
    expect(Object.keys(scopes as object)).toEqual(["viewer"]);
    expect(stderr).toMatch(/^made [0-9a-f]{16} for flowbot: notebook at local, expires /);
    expect(stderr).toContain("for a notebook");
    expect(stderr).not.toContain(made);
  });

  it("with --reuse hands the same one out again, and with another comment makes another", async () => {
    const again = documentOf(await place.run(...described, "--json", "--comment", "for a notebook"));
    expect(again).toMatchObject({ token: made, outcome: "reused", comment: "for a notebook", user: "flowbot" });
    const other = documentOf(await place.run(...described, "--json", "--comment", "for another"));
    expect(other).toMatchObject({ outcome: "made", comment: "for another" });
    expect(other["token"]).not.toBe(made);
  });

  it("the issuer keeps the comments; the status shows them, and that nothing renews the tokens", async () => {
    const listed = JSON.parse((await place.run("issuer", "tokens", "--json")).stdout) as readonly Document[];
    expect(listed.map(({ name, comment }) => [name, comment])).toEqual([
      [TOKEN, null],
      ["notebook", "for a notebook"],
      ["notebook", "for another"],
    ]);
    expect(documentOf(await place.run("status", "--json"))["created"]).toMatchObject([
      { name: "notebook", comment: "for a notebook", state: "live", roles: ["viewer"] },
      { name: "notebook", comment: "for another", state: "live" },
    ]);
    expect((await place.run("status")).stdout).toContain("nothing renews them");
    const [{ key }] = documentOf(await place.run("status", "--json"))["created"] as readonly [{ key: string }];
    expect((await place.run("history", key)).stdout).toMatch(/token [0-9a-f]{16} was handed out to a person/);
  });

  it("hands out the declared token that is in use", async () => {
    const { code, stdout } = await place.run("create-token", TOKEN, "--reuse", "--print");
    expect({ code, token: stdout.trimEnd() }).toEqual({ code: 0, token: await place.read() });
    expect((await place.run("history", TOKEN)).stdout).toMatch(/token [0-9a-f]{16} was handed out to a person/);
  });

  it("a declared one made anew is delivered like any", async () => {
    const before = daemon.log.length;
    const { stdout } = await place.run("create-token", TOKEN, "--print");
    await daemon.event("renewal:settled", { from: before });
    expect(await place.read()).toBe(stdout.trimEnd());
  });

  it("a token without what the issuer needs, and a secret of one's own, are usage errors", async () => {
    for (const [line, why] of [
      ["--name x --role viewer --lifetime 10m", "--server is missing"],
      ["--name x --server flowapi-local --role viewer", "--lifetime or --expires-at is missing"],
      ["--server flowapi-local --role viewer --lifetime 10m", "--name is missing"],
    ] as const) {
      const { code, stdout, stderr } = await place.run("create-token", "--print", ...line.split(" "));
      expect({ line, code, stdout, stderr }).toEqual({
        line,
        code: 64,
        stdout: "",
        stderr: expect.stringContaining(why) as string,
      });
    }
    const own = await place.run(...described, "--token", "a-secret-of-a-person-01");
    expect(own).toMatchObject({ code: 64, stdout: "" });
  });

  it("no token is in the daemon's log, and without a daemon the state still has them", async () => {
    expect(daemon.stderr).toContain("token:handed-out");
    expect(daemon.stderr).not.toContain(made);
    expect(daemon.stderr).not.toContain(made.split(".")[2]);
    await daemon.kill();
    const { code, stdout } = await place.run("create-token", TOKEN, "--reuse", "--print");
    expect({ code, token: stdout.trimEnd() }).toEqual({ code: 0, token: await place.read() });
  });
});

describe("create-token at Arvados", () => {
  const SECRET = "a-secret-of-an-operator";
  let cluster: ArvadosPlace;

  beforeAll(async () => {
    cluster = await newArvadosPlace();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it("a preset's scopes are the token's, its comment is kept here, and --reuse finds it", async () => {
    const line = ["create-token", "--role", "keep-balance", "--comment", "for keep-balance", "--reuse", "--json"];
    const first = documentOf(await cluster.run(...line));
    const { presets } = (JSON.parse((await cluster.place.run("presets", "--json")).stdout) as [Document])[0];
    const [preset] = presets as readonly { name: string; scopes: readonly { scope: string }[] }[];
    expect(first).toMatchObject({ outcome: "made", user: "root", comment: "for keep-balance", expires_at: null });
    expect(first["roles"]).toEqual(preset?.scopes.map(({ scope }) => scope).toSorted());
    expect(documentOf(await cluster.run(...line))).toMatchObject({ outcome: "reused", token: first["token"] });
    expect(cluster.server.rows.map(tokenText)).toEqual([first["token"]]);
    const { stdout } = await cluster.place.run("status");
    expect(stdout).toMatch(/live {2}for keep-balance at cluster for root .*\n {2}comment {3}for keep-balance\n/);
  });

  it("for a user, with an expiry, from a secret on stdin", async () => {
    const { uuid } = cluster.server.addUser();
    const expiry = `${new Date().getUTCFullYear() + 2}-01-31T00:00:00Z`;
    const line = ["create-token", `--user=${uuid}`, "--scope", "GET /arvados/v1/users/current", "--print", "--json"];
    const stdin = ["--token-file", "-", "--expires-at", expiry, "-c", cluster.place.settingsFile];
    const child = spawn(process.execPath, [RENEWD, ...line, ...stdin], { stdio: ["pipe", "pipe", "ignore"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
    child.stdin.end(`${SECRET}\n`);
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "made", user: uuid, expires_at: expiry });
    const row = cluster.server.rows.find((each) => each.api_token === SECRET);
    expect(row).toMatchObject({ owner_uuid: uuid, scopes: ["GET /arvados/v1/users/current"] });
  });

  it("refuses a given token that is another, saying what differs", async () => {
    const line = ["create-token", "--scope", "all", "--token", SECRET];
    const { code, stdout, stderr } = await cluster.run(...line);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/the given token exists but is the token of zzzzz-tpzed-[0-9a-z]{15}, not of root/);
    expect(stderr).not.toContain(SECRET);
  });

  it("after a lost answer the token that was made is handed out, and no second one is made", async () => {
    const before = cluster.server.rows.length;
    cluster.server.loseAnswer({ on: "create" });
    cluster.server.loseRequest({ on: "current", times: 1 });
    const token = await cluster.token("create-token", "--scope", "GET /", "--comment", "lost");
    expect(cluster.server.rows.slice(before).map(tokenText)).toEqual([token]);
  });
});
