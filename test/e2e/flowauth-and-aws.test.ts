import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Renewd } from "../support/process.ts";
import { until } from "../support/process.ts";
import { type SecretsManagerFake, startSecretsManager } from "../support/secrets-manager/index.ts";
import { fillIssuer, type IssuerProcess, madeTokens, serveIssuer } from "./issuer-process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { proved } from "./reader.ts";
import { settingsOf } from "./settings.ts";

vi.setConfig(PATIENT);

const SECRET = "airflow/variables/FLOWAPI_TOKEN";
/** A consumer that is told of each new token and writes down each time. */
const CONSUMER = 'require("node:fs").appendFileSync(process.argv[2], "told\\n");';
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "not-a-real-secret" };

describe("a FlowAuth with two-factor sign-in, a file and AWS Secrets Manager", () => {
  let place: Place;
  let aws: SecretsManagerFake;
  let issuer: IssuerProcess;
  let daemon: Renewd;
  let publicPem: string;

  beforeAll(async () => {
    [place, aws] = await Promise.all([newPlace(), startSecretsManager()]);
    await fillIssuer(place, { twoFactor: true });
    issuer = await serveIssuer(place);
    publicPem = await readFile(place.path("public_key.pem"), "utf8");
    const consumer = await place.write("consumer.cjs", CONSUMER);
    await place.settings(
      settingsOf(place, {
        url: issuer.url,
        totp: true,
        target: `        reload: { command: [${process.execPath}, ${consumer}, ${place.path("told")}] }`,
        stores: `  aws: { type: aws-secrets-manager, region: eu-west-1, endpoint: "${aws.url}" }`,
        targets: `      secrets-manager: { store: aws, secret: ${SECRET}, create: true, hold: 20s, propagation: 5s }`,
      }),
    );
    daemon = await place.daemon({ env: CREDENTIALS, flags: ["--allow-commands"] });
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await aws.close();
  });

  it("delivers one token to both, in the form that Airflow reads", async () => {
    await daemon.event("renewal:settled");
    const token = await place.read();
    await proved(token, publicPem);
    expect(aws.vault.text(SECRET)).toBe(token);
    const version = createHash("sha256").update(token).digest("hex");
    expect(aws.vault.versions(SECRET)).toMatchObject({ [version]: expect.arrayContaining(["AWSCURRENT"]) as string[] });
    expect(JSON.stringify(aws.vault.tags(SECRET))).toContain("e2e");
    expect((await place.run("status")).code).toBe(0);
  });

  it("moves AWSCURRENT to the next one and keeps the last as AWSPREVIOUS", async () => {
    const before = await place.read();
    expect(await place.renew("airflow-flowapi")).toMatchObject({ code: 0 });
    const after = await place.read();
    expect(after).not.toBe(before);
    expect(aws.vault.trail(SECRET)).toEqual([before, after]);
    const stages = aws.vault.versions(SECRET);
    expect(stages[createHash("sha256").update(before).digest("hex")]).toContain("AWSPREVIOUS");
  });

  it("does not let a dead AWS hold up the file, names it, and catches up by itself", async () => {
    const before = await place.read();
    aws.fault("*", { kind: "dropped" }, 10_000);
    const { code, stderr } = await place.renew("airflow-flowapi");
    const after = await place.read();
    expect(after).not.toBe(before);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("secrets-manager") as string });
    expect(aws.vault.text(SECRET)).toBe(before);

    const told = await until("status tells of the target", async () => {
      const { code: exit, stdout } = await place.run("status");
      return exit === 1 && stdout.includes("target_failing") ? stdout : undefined;
    });
    expect(told).toMatch(/secrets-manager at aws/);
    expect(told).toContain("store_unreachable");

    const from = daemon.log.length;
    aws.clearFaults();
    await daemon.event("incident:resolved", { from, withinMs: 60_000 });
    await until("status is well again", async () => (await place.run("status")).code === 0);
    expect(aws.vault.text(SECRET)).toBe(after);
    expect(await madeTokens(place)).toHaveLength(3);
  });

  it("mints, writes and tells nothing when the daemon is started again", async () => {
    const told = (): Promise<string> => readFile(place.path("told"), "utf8");
    expect(await told()).toBe("told\n".repeat(3));
    expect(await daemon.stop()).toMatchObject({ code: 0 });
    const [trail, { mtimeMs }] = [aws.vault.trail(SECRET).length, await stat(place.target)];
    aws.calls.length = 0;
    const again = await place.daemon({ env: CREDENTIALS, flags: ["--allow-commands"] });
    expect(await again.stop()).toMatchObject({ code: 0 });
    expect(again.log.map(({ event }) => event)).toEqual(["daemon:started", "daemon:stopping", "daemon:stopped"]);
    expect(aws.calls.filter(({ action }) => !/^(?:Get|Describe)/.test(action))).toEqual([]);
    expect(aws.vault.trail(SECRET)).toHaveLength(trail);
    expect(await stat(place.target)).toMatchObject({ mtimeMs });
    expect(await told()).toBe("told\n".repeat(3));
    expect(await madeTokens(place)).toHaveLength(3);
  });
});

describe("the issuer's own verbs", () => {
  it("set up an issuer from nothing that a daemon can then use, and list what it made", async () => {
    await using place = await newPlace();
    const db = ["--db", place.path("issuer/issuer.db")];
    await place.write("flowbot.password", "made by a person\n");
    const verbs = [
      ["add-server", "flowapi-prod", "--max-life", "30d"],
      ["add-role", "flowapi-prod", "runner", "--max-life", "1d", "--scope", "run"],
      ["add-role", "flowapi-prod", "viewer", "--max-life", "2d", "--scope", "get_result", "--scope", "get_dates"],
      ["add-user", "flowbot", "--password-file", place.path("flowbot.password")],
      ["grant", "flowbot", "flowapi-prod", "runner"],
      ["grant", "flowbot", "flowapi-prod", "viewer"],
    ];
    for (const verb of verbs) {
      const { code, stderr } = await place.launch(["issuer", ...verb, ...db]).ended;
      expect({ verb, code, stderr }).toEqual({ verb, code: 0, stderr: "" });
    }
    const { url } = await serveIssuer(place);
    await place.settings(settingsOf(place, { url }));
    expect(await place.run("check")).toMatchObject({ code: 0, stderr: "" });
    // The role's day is exactly the lifetime asked for, which FlowAuth refuses: one minute less is asked for then.
    expect(await place.run("renew", "airflow-flowapi")).toMatchObject({ code: 0, stderr: "" });
    const { exp, iat, scopes } = await proved(await place.read(), await readFile(place.path("public_key.pem"), "utf8"));
    expect({ lifetime: exp - iat, scopes }).toEqual({
      lifetime: 86_400 - 60,
      scopes: { runner: ["run"], viewer: ["get_dates", "get_result"] },
    });
    const { stdout } = await place.launch(["issuer", "tokens", "--json", ...db]).ended;
    expect(JSON.parse(stdout)).toMatchObject([{ id: 1, name: "airflow-flowapi", username: "flowbot" }]);
    expect(stdout).not.toContain("eyJ");
  });
});
