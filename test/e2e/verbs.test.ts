import { rm } from "node:fs/promises";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import { until } from "../support/process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { settingsOf } from "./settings.ts";
import { startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const TOKEN = "airflow-flowapi";

let place: Place;
let flowauth: FakeFlowAuth;

beforeAll(async () => {
  place = await newPlace();
  flowauth = await startStandIn(place);
  await place.settings(settingsOf(place, { url: flowauth.url }));
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await flowauth.close();
});

describe("before anything ever ran", () => {
  it("`plan` is a dry run, and makes no state", async () => {
    const { code, stdout } = await place.run("plan");
    expect(code).toBe(0);
    expect(stdout).toContain(TOKEN);
  });

  it("`status` and `history` say that there is neither daemon nor state, and make none", async () => {
    for (const verb of [["status"], ["history", TOKEN]]) {
      const { code, stderr } = await place.run(...verb);
      expect({ verb, code, stderr }).toEqual({ verb, code: 3, stderr: expect.stringContaining("no daemon") as string });
    }
  });

  it("`check` asks issuer and target and changes neither", async () => {
    const { code, stdout } = await place.run("check");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("issuer flowauth") as string });
    expect(flowauth.rows).toEqual([]);
    await expect(place.read()).rejects.toThrow("ENOENT");
  });

  it("`check` says of an API token that it is too short to let anybody in", async () => {
    await using other = await newPlace();
    const tokens = "  tokens: { ops: { role: operator, secret: { file: ../ops.token } } }";
    await other.settings(settingsOf(other, { url: flowauth.url, http: tokens }));
    await other.write("ops.token", "4711");
    const { code, stdout } = await other.run("check");
    expect(code).toBe(3);
    expect(stdout).toMatch(/failed {2}api token ops \(secret_unreadable\)\n *too short: at least 16 characters/);
    await other.write("ops.token", "operator-of-verbs-test");
    expect((await other.run("check")).stdout).toMatch(/ok {6}api token ops\n *could be read; its role is operator/);
  });

  it("`renew` takes the daemon's place for as long as it needs", async () => {
    expect(await place.run("renew", TOKEN)).toMatchObject({ code: 0, stderr: "" });
    expect(await place.read()).toBe(flowauth.rows.at(-1)?.token);
  });
});

describe("beside a running daemon", () => {
  it("a second one is refused with exit code 4, and the first goes on", async () => {
    const daemon = await place.daemon();
    const started = Date.now();
    await place.run("status");
    // What any verb takes, on this machine and just now.
    const usualMs = Date.now() - started;
    const { code, stdout, stderr } = await place.run("run");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(/another renewd/);
    expect(Date.now() - started).toBeLessThan(2 * usualMs + 10_000);
    expect(daemon.running).toBe(true);
    expect((await fetch(`${place.url}/readyz`)).status).toBe(200);
  });

  it("verbs speak to it", async () => {
    expect(await place.run("status")).toMatchObject({ code: 0, stderr: "" });
    const { code, stdout } = await place.run("plan");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(TOKEN) as string });
    const before = await place.read();
    expect(await place.renew(TOKEN)).toMatchObject({ code: 0 });
    expect(await place.read()).not.toBe(before);
    expect((await place.run("history", TOKEN)).stdout).toMatch(/written and read back/);
    expect(await place.run("check")).toMatchObject({ code: 0 });
    expect(await place.run("health")).toMatchObject({ code: 0 });
  });

  it("a slip of the name is a usage error that tells the nearest", async () => {
    for (const verb of ["renew", "status", "history"]) {
      const { code, stderr } = await place.run(verb, "airflow-flowap");
      expect({ verb, code }).toEqual({ verb, code: 64 });
      expect(stderr).toContain(TOKEN);
    }
    expect((await place.run("no-such-verb")).code).toBe(64);
  });

  it("`renew` that would gain nothing exits 1 with the sum", async () => {
    const { code, stderr } = await place.run("renew", TOKEN, "--lifetime", "1m");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/now \d{4}-\S+Z \+ 1 min = \d{4}-\S+Z/) as string,
    });
  });

  it("`pause` holds everything and `resume` lets it go on", async () => {
    expect(await place.run("pause", TOKEN, "--reason", "moving house")).toMatchObject({ code: 0 });
    const { stdout } = await place.run("status");
    expect(stdout).toContain("moving house");
    expect(await place.run("resume", TOKEN)).toMatchObject({ code: 0 });
    expect((await place.run("status")).stdout).not.toContain("moving house");
  });
});

describe("a person's decisions", () => {
  it("`rollback` puts the token before back into its target, and holds renewals back until `resume`", async () => {
    const [previous, withdrawn] = [flowauth.rows.at(-2)?.token, flowauth.rows.at(-1)?.token];
    expect(await place.read()).toBe(withdrawn);
    const { code, stdout } = await place.run("rollback", TOKEN, "--json");
    expect({ code, told: JSON.parse(stdout) as unknown }).toMatchObject({
      code: 0,
      told: { token: TOKEN, warnings: [] },
    });
    await until("the token before is back", async () => (await place.read()) === previous);
    expect((await place.run("status")).stdout).toMatch(/rolled back from [0-9a-f]{16}/);
    expect((await place.run("renew", TOKEN)).code).toBe(1);
    expect((await place.run("history", TOKEN)).stdout).toMatch(/a person rolled back: token [0-9a-f]{16} is withdrawn/);
    expect(await place.run("resume", TOKEN)).toMatchObject({ code: 0 });
    expect(await place.renew(TOKEN)).toMatchObject({ code: 0 });
    expect(await place.read()).toBe(flowauth.rows.at(-1)?.token);
  });

  it("without anything to decide are refused with exit code 1, and what to do", async () => {
    for (const verb of ["accept", "discard"]) {
      const { code, stdout, stderr } = await place.run(verb, TOKEN);
      expect({ verb, code, stdout }).toEqual({ verb, code: 1, stdout: "" });
      expect(stderr).toMatch(/nothing of airflow-flowapi is quarantined.*\n {2}-> /);
    }
  });
});

describe("after the daemon was killed", () => {
  it("its lock is free at once, and the verbs read what it left", async () => {
    const [daemon] = place.processes.filter((each) => each.running);
    expect(await daemon?.kill()).toMatchObject({ signal: "SIGKILL" });
    expect(await place.run("status")).toMatchObject({ code: 0 });
    expect(await place.run("plan")).toMatchObject({ code: 0 });
    expect((await place.run("history", TOKEN)).stdout).toMatch(/written and read back/);
    expect((await place.run("health")).code).not.toBe(0);
    const before = await place.read();
    expect(await place.renew(TOKEN)).toMatchObject({ code: 0 });
    expect(await place.read()).not.toBe(before);
    const again = await place.daemon();
    expect(await again.stop()).toMatchObject({ code: 0 });
  });

  it("another stops with 0 at a SIGTERM that comes with its first log line", async () => {
    const daemon = place.start(["run"]);
    await daemon.event("daemon:started");
    expect(await daemon.stop()).toMatchObject({ code: 0, signal: null });
  });

  it("`status` exits 3 when nobody has looked for long", async () => {
    const database = new Database(place.stateFile);
    const { changes } = database.prepare("update facts set value = value - 3600000 where name = 'last_sweep_at'").run();
    database.close();
    expect(changes).toBe(1);
    const { code, stdout, stderr } = await place.run("status");
    expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringContaining(TOKEN) as string });
    expect(stderr).toMatch(/does not look any more/);
  });

  it("a state whose key is gone, or that is no state, is refused with exit code 4 and left as it is", async () => {
    const target = await place.read();
    await rm(`${place.stateFile}.key`);
    for (const verb of [["run"], ["renew", TOKEN], ["status"]]) {
      const { code, stderr } = await place.run(...verb);
      expect({ verb, code, stderr }).toEqual({ verb, code: 4, stderr: expect.stringContaining(".key") as string });
    }
    await Promise.all(["-wal", "-shm"].map((end) => rm(place.stateFile + end, { force: true })));
    await place.write("var/renewd.db", "this is no database, however long it may be".repeat(50));
    await place.write("var/renewd.db.key", Buffer.alloc(32, 7).toString("base64"));
    const { code, stderr } = await place.run("run");
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining("renewd.db") as string });
    expect(await place.read()).toBe(target);
  });
});
