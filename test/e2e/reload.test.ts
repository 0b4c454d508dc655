import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import { call } from "../http/serving.ts";
import { type Renewd, until } from "../support/process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { settingsOf, type Wanted } from "./settings.ts";
import { startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const SECOND = `
  second:
    issuer: flowauth
    create: true
    request: { server: flowapi-prod, roles: [viewer], lifetime: 1d }
    targets: { airflow: { store: files, secret: SECOND, hold: 20s } }
`;
const METRICS = "  tokens: { prometheus: { role: metrics, secret: { file: ../metrics.token } } }";
const API_TOKEN = "token-of-a-scraper";

let place: Place;
let flowauth: FakeFlowAuth;

beforeEach(async () => {
  place = await newPlace();
  flowauth = await startStandIn(place);
  await place.write("metrics.token", API_TOKEN);
});
afterEach(async () => {
  await place[Symbol.asyncDispose]();
  await flowauth.close();
});

async function declare(wanted: Partial<Wanted> = {}): Promise<void> {
  await place.settings(settingsOf(place, { url: flowauth.url, http: METRICS, ...wanted }));
}

async function running(): Promise<Renewd> {
  const daemon = await place.daemon();
  await daemon.event("renewal:settled");
  return daemon;
}

async function lastReload(): Promise<string | undefined> {
  const answer = await fetch(`${place.url}/metrics`, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  return /^renewd_settings_last_reload_successful (\d)$/m.exec(await answer.text())?.[1];
}

describe.each([
  ["at SIGHUP", "0 */5 * * * *"],
  ["when the file changed", "* * * * * *"],
])("settings are read anew %s", (how, tick) => {
  const nudge = (daemon: Renewd): void => void (how === "at SIGHUP" && daemon.signal("SIGHUP"));

  it("and a token declared since is minted and delivered", async () => {
    await declare({ tick });
    const daemon = await running();
    await declare({ tick, more: SECOND });
    nudge(daemon);
    expect(await daemon.event("settings:loaded")).toMatchObject({ tokens: 2, changed: 1 });
    await daemon.event("renewal:settled", { where: ({ token }) => token === "second" });
    expect(flowauth.rows.map(({ name }) => name)).toEqual(["airflow-flowapi", "second"]);
  });

  it("and a bad file leaves the old ones in force, says where, and is forgiven when mended", async () => {
    await declare({ tick });
    const daemon = await running();
    expect(await lastReload()).toBe("1");
    await declare({ tick, more: "surprise: true" });
    nudge(daemon);
    const { problems } = await daemon.event("settings:refused");
    expect(JSON.stringify(problems)).toMatch(/renewd\.yaml:\d+:\d+.*surprise/);
    expect(await lastReload()).toBe("0");
    // The file on the disk is bad: the verbs still find the daemon's state when they are given a good copy.
    const { stdout } = await until("the daemon tells of it", async () => {
      const answer = await fetch(`${place.url}/readyz`);
      return answer.status === 200 ? { stdout: await answer.text() } : undefined;
    });
    expect(stdout).toContain("ready");
    const seen = flowauth.calls("renew").length + flowauth.calls("mint").length;

    await declare({ tick });
    if (how === "at SIGHUP") await untilNoEcho(daemon);
    await daemon.event("settings:loaded");
    expect(await lastReload()).toBe("1");
    expect(await place.run("status")).toMatchObject({ code: 0 });
    expect(flowauth.calls("renew").length + flowauth.calls("mint").length).toBe(seen);
  });
});

it("is shown by `status` when the settings on the disk are not those in force", async () => {
  await declare();
  const daemon = await running();
  await declare({ more: "surprise: true" });
  await daemon.event("incident:opened", { where: ({ reason }) => reason === "settings_refused" });
  const { code, stdout, stderr } = await place.run("status");
  expect(code).not.toBe(0);
  expect(stdout + stderr).toMatch(/surprise|settings/);
});

it("answers to other names at once", async () => {
  await declare();
  const daemon = await running();
  const asHost = async (host: string): Promise<number> =>
    (await call(new URL("/sign-in", place.url), "GET", { host }, undefined)).status;
  expect(await asHost("renewd.test")).toBe(403);
  await declare({ http: `${METRICS}\n  names: [renewd.test]` });
  daemon.signal("SIGHUP");
  await daemon.event("settings:loaded");
  expect(await asHost("renewd.test")).toBe(401);
});

it("does nothing to the tokens when the file is the same", async () => {
  await declare({ tick: "0 */5 * * * *" });
  const daemon = await running();
  const seen = flowauth.seen.length;
  daemon.signal("SIGHUP");
  expect(await daemon.event("settings:loaded")).toMatchObject({ changed: 0 });
  expect(await daemon.stop()).toMatchObject({ code: 0 });
  expect(flowauth.seen.length).toBe(seen);
  const after = daemon.log.slice(daemon.log.findIndex(({ event }) => event === "settings:loaded"));
  expect(after.map(({ event }) => event)).toEqual(["settings:loaded", "daemon:stopping", "daemon:stopped"]);
});

/** A signal that follows another within a second counts as its echo. */
async function untilNoEcho(daemon: Renewd): Promise<void> {
  await until("the reload", () => {
    daemon.signal("SIGHUP");
    return daemon.log.some(({ event }) => event === "settings:loaded");
  });
}
