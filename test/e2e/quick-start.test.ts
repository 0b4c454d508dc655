import { readFile, stat } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Visitor } from "../issuer-server/fixture.ts";
import { type Renewd, until } from "../support/process.ts";
import { freePort, newPlace, PATIENT, type Place } from "./place.ts";
import { proved, Reader } from "./reader.ts";

vi.setConfig(PATIENT);

const CONFIG: string = new URL("../../config/renewd.yaml", import.meta.url).pathname;
const RENEWD: string = new URL("../../bin/renewd.js", import.meta.url).pathname;
const SCRIPT = "/usr/bin/script";
const HOLD_MS = 20_000;

interface QuickStart {
  readonly place: Place;
  readonly issuerUrl: string;
}

/** The very file of the README, on ports of its own. */
async function quickStart(): Promise<QuickStart> {
  const place = await newPlace();
  const issuerPort = await freePort();
  const text = await readFile(CONFIG, "utf8");
  await place.settings(text.replace(":8080", `:${place.httpPort}`).replace(":8081", `:${issuerPort}`));
  return { place, issuerUrl: `http://127.0.0.1:${issuerPort}` };
}

describe("the quick start", () => {
  let place: Place;
  let issuerUrl: string;
  let daemon: Renewd;
  let publicPem: string;
  let reader: Reader;
  let first: string;
  let second: string;

  beforeAll(async () => {
    ({ place, issuerUrl } = await quickStart());
    daemon = place.start(["run"]);
  });
  afterAll(() => place[Symbol.asyncDispose]());

  it("has the first token in the file within 20 s", async () => {
    // From when it is up: how long a machine takes to load the sources is its own affair.
    const [up, settled] = [await daemon.event("daemon:started"), await daemon.event("renewal:settled")];
    expect(Date.parse(String(settled["time"])) - Date.parse(String(up["time"]))).toBeLessThan(20_000);
    first = await place.read();
    publicPem = await (await fetch(`${issuerUrl}/public_key`)).text();
    reader = new Reader(place.target, publicPem, 200);
    const { sub, aud, iat, exp, scopes } = await proved(first, publicPem);
    expect({ sub, aud, lifetime: exp - iat }).toEqual({ sub: "flowbot", aud: "flowapi-local", lifetime: 120 });
    expect(scopes).toEqual({ runner: ["get_result", "run"], viewer: ["get_available_dates", "get_result"] });
    expect((await stat(place.target)).mode & 0o777).toBe(0o600);
  });

  it("opens the status page by a link that is good once", async () => {
    const { code, stdout } = await place.run("dashboard");
    const link = /http:\S+\/sign-in\?code=\S+/.exec(stdout)?.[0] ?? "";
    expect({ code, link }).toEqual({ code: 0, link: expect.stringContaining(place.url) as string });
    const opened = await fetch(link, { redirect: "manual" });
    expect([opened.status, opened.headers.get("location")]).toEqual([303, "/"]);
    const cookie = opened.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const page = await fetch(place.url, { headers: { cookie } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("all is well") as string]);
    expect((await fetch(link, { redirect: "manual" })).status).toBe(401);
    expect((await fetch(place.url)).status).toBe(401);
  });

  it("renews it about a minute later: same subject, audience and claims, a later expiry, the first still valid", async () => {
    await daemon.event("renewal:settled", { from: settledAt(daemon) + 1, withinMs: 150_000 });
    second = await place.read();
    const [before, after] = [await proved(first, publicPem), await proved(second, publicPem)];
    expect(second).not.toBe(first);
    expect({ ...after, iat: 0, exp: 0 }).toEqual({ ...before, iat: 0, exp: 0 });
    expect(after.exp).toBeGreaterThan(before.exp);
    expect(after.iat - before.iat).toBeLessThan(90);
  });

  it("is listed by the issuer in two rows of one name", async () => {
    const password = await readFile(place.path("var/issuer/flowbot.password"), "utf8");
    const client = new Visitor(issuerUrl);
    await client.signIn("flowbot", undefined, password.trimEnd());
    const rows = await client.list();
    expect(rows.map(({ name, token }) => ({ name, token }))).toEqual(
      [first, second].map((token) => ({ name: "airflow-flowapi", token })),
    );
  });

  it("never let a reader find a bad token, or less than `hold` of life", async () => {
    await until("the reader has seen the second token", () => reader.tokens.has(second));
    reader[Symbol.dispose]();
    expect(reader.failures).toEqual([]);
    expect(reader.reads).toBeGreaterThan(150);
    expect(reader.tokens.size).toBe(2);
    expect(reader.leastLeftMs).toBeGreaterThanOrEqual(HOLD_MS);
  });

  it("stops with exit code 0 at SIGTERM", async () => {
    const startedMs = performance.now();
    expect(await daemon.stop()).toMatchObject({ code: 0, signal: null, stdout: "" });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(daemon.log.at(-1)).toMatchObject({ event: "daemon:stopped", handed_back: 0 });
  });

  it("mints, writes and tells nothing when it is started again", async () => {
    const { mtimeMs, ino } = await stat(place.target);
    const again = await place.daemon();
    const startedAt = Date.now();
    await until("three more sweeps", async () => {
      const text = (await place.run("status", "--json")).stdout;
      const { last_sweep_at: sweptAt } = JSON.parse(text) as { last_sweep_at: string };
      return Date.parse(sweptAt) > startedAt + 3 * 2_000;
    });
    expect(await again.stop()).toMatchObject({ code: 0 });
    expect(again.log.map(({ event }) => event)).toEqual(["daemon:started", "daemon:stopping", "daemon:stopped"]);
    expect(await stat(place.target)).toMatchObject({ mtimeMs, ino });
    expect(await place.read()).toBe(second);
  });
});

describe.skipIf(!existsSync(SCRIPT))("the quick start on a terminal", () => {
  it("tells in plain lines what happens, and gives the sign-in link", async () => {
    await using place = (await quickStart()).place;
    // `exec`: a shell between would hear Ctrl-C too, and some then end by it, whatever renewd ends with.
    const command = `exec ${process.execPath} ${RENEWD} run -c ${place.settingsFile}`;
    const terminal = spawn(SCRIPT, ["-qfec", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
    let screen = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => void (screen += text));
    await until("the end of the first renewal", () => screen.includes("next renewal"));
    terminal.stdin.write("\u0003");
    const [code] = (await once(terminal, "close")) as [number];
    expect(code).toBe(0);
    expect(screen).toMatch(new RegExp(`^ *${place.url}/sign-in\\?code=\\S+`, "m"));
    expect(screen).toContain("asked local for a new token that lives 2 min");
    expect(screen).not.toContain('{"level"');
  });
});

/** Which line of the log told that the token was in all targets. */
function settledAt(daemon: Renewd): number {
  return daemon.log.findIndex(({ event }) => event === "renewal:settled");
}
