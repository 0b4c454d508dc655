/** docs/logs.md: it is what the code says, the log is as it says, and its commands and its module do what they are for. */
import { execFile, spawnSync } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { correlationFields, loggedFields, logsDoc } from "../../scripts/logs/logs-doc.ts";
import { EVENT_LEVELS, type EventType } from "../../src/core/events.ts";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import type { Ended, Logged, Renewd } from "../support/process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { settingsOf } from "./settings.ts";
import { startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const root = resolve(import.meta.dirname, "../..");
const page = await readFile(join(root, "docs/logs.md"), "utf8");
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text = ""]) => text);
const [listRenewals = "", followOne = "", startTraced = ""] = blocks("sh");
const [tracing = ""] = blocks("js");
const EVERY_LINE = ["time", "level", "event", "msg"];

it("docs/logs.md is what `node scripts/generate-logs-doc.ts` writes", async () => {
  expect(page).toBe(await logsDoc());
});

describe("a daemon that collects spans", () => {
  let place: Place;
  let flowauth: FakeFlowAuth;
  let daemon: Renewd;
  let ended: Ended;

  beforeAll(async () => {
    place = await newPlace();
    flowauth = await startStandIn(place);
    const settings = settingsOf(place, { url: flowauth.url, target: '        reload: { command: ["/bin/false"] }' });
    await place.settings(settings);
    await place.write("tracing.mjs", tracing);
    await symlink(join(root, "node_modules"), place.path("node_modules"));
    const options = /NODE_OPTIONS="(.*?)"/.exec(startTraced)?.[1] ?? "";
    daemon = await place.daemon({ flags: ["--allow-commands"], env: { NODE_OPTIONS: options } });
    // The hook fails, is mended, the token is renewed, and the settings are broken and mended.
    await daemon.event("target:failed");
    await place.settings(settings.replace("/bin/false", "/bin/true"));
    await daemon.event("renewal:settled");
    await place.renew("airflow-flowapi");
    await place.settings("surprise: true");
    await daemon.event("incident:opened", { where: ({ reason }) => reason === "settings_refused" });
    await place.settings(settings.replace("/bin/false", "/bin/true"));
    await daemon.event("incident:resolved", { where: ({ reason }) => reason === "settings_refused" });
    ended = await daemon.stop();
    await writeFile(place.path("renewd.log"), ended.stderr);
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await flowauth.close();
  });

  it("logs lines with the fields that are documented for their event, all of them and no others", () => {
    const events = new Set(daemon.log.map(({ event }) => event));
    expect(events.size).toBeGreaterThanOrEqual(15);
    const correlation = correlationFields();
    for (const line of daemon.log) {
      const type = line.event as EventType;
      const own = loggedFields(type);
      const besides = Object.keys(line).filter((key) => !EVERY_LINE.includes(key) && !own.includes(key));
      expect({ type, keys: Object.keys(line) }).toEqual({
        type,
        keys: expect.arrayContaining([...EVERY_LINE, ...own]),
      });
      expect({ type, correlation }).toEqual({ type, correlation: expect.arrayContaining(besides) });
      expect(line["level"]).toBe(EVENT_LEVELS[type]);
    }
  });

  it("says in each line of a renewal's work which sweep, which turn, which renewal and which span it belongs to", () => {
    const accepted = daemon.log.find(({ event }) => event === "renewal:accepted");
    const ids = { sweep: /^[\da-f]{16}$/, work: /^[\da-f]{16}$/, trace_id: /^[\da-f]{32}$/, span_id: /^[\da-f]{16}$/ };
    for (const [field, form] of Object.entries(ids)) expect(accepted?.[field]).toMatch(form);
    const turn = daemon.log.filter((line) => line["work"] === accepted?.["work"]);
    expect(turn.map(({ event }) => event)).toEqual([
      "renewal:started",
      "renewal:asked",
      "renewal:minted",
      "renewal:accepted",
    ]);
    expect(new Set(turn.map((line) => line["renewal"])).size).toBe(1);
    expect(turnOnTarget(daemon.log, accepted)).toMatchObject({ issue: accepted?.["fingerprint"] });
  });

  it("prints its spans by the module of the page, until its very end", () => {
    for (const name of [
      "renewd.sweep",
      "renewd.token",
      "renewd.request",
      "renewd.target",
      "renewd.notify",
      "renewd.call",
    ])
      expect(ended.stdout).toContain(`name: '${name}'`);
    expect(ended.stdout).toContain("'error.type': 'reload_failed'");
    expect(ended.stdout).not.toContain("eyJ");
    expect(ended.code).toBe(0);
  });

  describe.skipIf(spawnSync("jq", ["--version"]).error !== undefined)("whose log is read with jq", () => {
    const run = promisify(execFile);
    const shell = async (command: string, env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => {
      const environment = { PATH: process.env["PATH"], ...env };
      const { stdout } = await run("sh", ["-c", command], { cwd: place.folder, env: environment });
      return stdout.replace(/\n$/, "").split("\n");
    };

    it("lists the renewals that were begun", async () => {
      const begun = daemon.log.filter(({ event }) => event === "renewal:started");
      const listed = (await shell(listRenewals)).map((line) => line.split("\t").slice(1, 3));
      expect(listed).toEqual(begun.map((line) => [line["token"], line["renewal"]]));
      expect(listed).toHaveLength(2);
    });

    it("follows one of them from its beginning to its last target, and has nothing of the other", async () => {
      const [first, second] = daemon.log.filter(({ event }) => event === "renewal:started");
      const follow = async (of: Logged | undefined): Promise<readonly string[]> =>
        (await shell(followOne, { RENEWAL: String(of?.["renewal"]) })).map((line) =>
          line.split("\t").slice(2).join(": "),
        );
      const made = ["renewal started", "asked the issuer for a fresh token", "the issuer made a fresh token"];
      const story = [...made, "the fresh token passed verification"].map((message) => `: ${message}: `);
      const delivered = "airflow: token written to the target: ";
      const done = ["airflow: the reload hook was told: ", ": the newest token is in all targets: "];
      const followed = await follow(first);
      expect(followed.slice(0, 5)).toEqual([...story, delivered]);
      expect(followed).toContain("airflow: a step of the delivery failed: reload_failed");
      expect(followed.filter((line) => !line.includes("incident")).slice(-2)).toEqual(done);
      expect(await follow(second)).toEqual([...story, delivered, ...done]);
    });
  });
});

function turnOnTarget(log: readonly Logged[], accepted: Logged | undefined): Logged | undefined {
  return log.find((line) => line.event === "target:delivered" && line["fingerprint"] === accepted?.["fingerprint"]);
}
