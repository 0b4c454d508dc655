import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { makeSigningKey, signToken } from "../support/flowauth/jwt.ts";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import type { Renewd } from "../support/process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { claimsOf } from "./reader.ts";
import { settingsOf } from "./settings.ts";
import { startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const TOKEN = "airflow-flowapi";
const HOUR_MS = 3_600_000;

interface Forged {
  readonly subject?: string;
  readonly audience?: string;
  readonly roles?: readonly string[];
  readonly expAt?: number;
  readonly key?: ReturnType<typeof makeSigningKey>;
}

describe("an issuer that renews wrongly", () => {
  let place: Place;
  let flowauth: FakeFlowAuth;
  let daemon: Renewd;
  let good: string;
  const forged: string[] = [];

  beforeAll(async () => {
    place = await newPlace();
    flowauth = await startStandIn(place);
    await place.settings(settingsOf(place, { url: flowauth.url }));
    daemon = await place.daemon();
    await daemon.event("renewal:settled");
    good = await place.read();
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await flowauth.close();
  });

  /** Like the token in use, but for one thing. */
  async function forge({ subject = "flowbot", audience = "flowapi-prod", ...other }: Forged): Promise<string> {
    const { roles = ["runner", "viewer"], expAt = Date.now() + 30 * HOUR_MS, key = flowauth.key } = other;
    const all: Readonly<Record<string, readonly string[]>> = { runner: ["get_result", "run"], viewer: ["get_result"] };
    const scopes = Object.fromEntries(roles.map((role) => [role, all[role] ?? []]));
    const token = await signToken(key, { subject, audience, issuedAt: Date.now(), expAt, scopes });
    forged.push(token);
    return token;
  }

  const wrongs: readonly (readonly [what: string, check: string, forged: () => Forged])[] = [
    ["signature", "signature", () => ({ key: makeSigningKey() })],
    ["audience", "audience", () => ({ audience: "flowapi-test" })],
    ["subject", "subject", () => ({ subject: "mallory" })],
    ["set of roles, one missing", "roles", () => ({ roles: ["viewer"] })],
    ["expiry, earlier than before", "progress", () => ({ expAt: claimsOf(good).exp * 1000 - HOUR_MS })],
    ["expiry, already past", "expiry", () => ({ expAt: Date.now() - HOUR_MS })],
  ];

  it.each(wrongs)("with a wrong %s: it is quarantined and the old one stays", async (_, check, wrong) => {
    const [from, token] = [daemon.log.length, await forge(wrong())];
    flowauth.script("renew", { status: 200, json: { id: 900 + forged.length, token } });
    expect((await place.renew(TOKEN)).code).toBe(1);
    expect(await daemon.event("renewal:quarantined", { from })).toMatchObject({ check });
    expect(await place.read()).toBe(good);

    const { code, stdout } = await place.run("status");
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/quarantined/) as string });
  });

  it("tells each of them in the history, with the check that it failed", async () => {
    const { stdout } = await place.run("history", TOKEN);
    for (const [, check] of wrongs) expect(stdout).toContain(`failed verification (${check}: `);
  });

  it("keeps every one of them out of the target, the log and the state's words", async () => {
    expect(forged).toHaveLength(wrongs.length);
    const said = [daemon.stderr, ...place.processes.map(({ stdout, stderr }) => stdout + stderr)].join("\n");
    for (const token of forged) expect(said).not.toContain(token.split(".")[2]);
    expect(await place.read()).toBe(good);
  });

  it("is forgiven once it renews rightly", async () => {
    expect(await place.renew(TOKEN)).toMatchObject({ code: 0, stderr: "" });
    expect(await place.read()).toBe(flowauth.rows.at(-1)?.token);
    expect(forged).not.toContain(await place.read());
    expect((await place.run("status")).code).toBe(0);
  });
});
