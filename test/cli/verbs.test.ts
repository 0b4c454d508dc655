import { describe, expect, it } from "vitest";
import type { ProbeResult } from "../../src/cli/app-port.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { PlanEntry } from "../../src/core/plan.ts";
import type { HistoryEntry } from "../../src/core/state-store.ts";
import { fakeApp, fakeControl, NOW, renewd, settings } from "./support.ts";

describe("plan", () => {
  const entry = (token: string, at: number): PlanEntry => {
    const rest = { name: token, action: "renew", renewAt: at, latestAt: null, deadlineAt: null };
    return { token, at, reason: "due soon", arithmetic: ["issued …", "deadline …"], ...rest };
  };
  const app = fakeApp(
    fakeControl({ plan: () => Promise.resolve([entry("later", NOW + 90_000), entry("sooner", NOW)]) }),
  );

  it("tells what happens in order of time, with reasons and arithmetic", async () => {
    const { code, out } = await renewd(app, "plan");
    expect(code).toBe(0);
    expect(out.split("\n").slice(0, 6)).toEqual([
      "2026-07-01T12:00:00Z  now  sooner: renew",
      "    because due soon",
      "    issued …",
      "    deadline …",
      "",
      "2026-07-01T12:01:30Z  in 1 min 30 s  later: renew",
    ]);
  });

  it("with --json is one list", async () => {
    expect(JSON.parse((await renewd(app, "plan --json")).out)).toMatchObject([{ token: "sooner" }, { token: "later" }]);
  });
});

describe("check", () => {
  const good: ProbeResult = {
    kind: "issuer",
    name: "flowauth",
    ok: true,
    lines: ["signed in as bot"],
    code: null,
    hint: null,
  };
  const bad: ProbeResult = {
    kind: "target",
    name: "airflow/secret",
    ok: false,
    lines: ["access denied"],
    code: "store_denied",
    hint: "Grant it.",
  };
  const probing = (results: readonly ProbeResult[]): ReturnType<typeof fakeApp> =>
    fakeApp(fakeControl(), {
      checkSettings: () => Promise.resolve({ settings, probe: () => Promise.resolve(results) }),
    });

  it("of good settings that all answer exits 0", async () => {
    const { code, out } = await renewd(probing([good]), "check");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "valid   config/renewd.yaml: 1 token, 1 issuer, 2 stores, looked at every 30 s",
      "ok      issuer flowauth",
      "    signed in as bot",
    ]);
  });

  it("exits 3 when one refuses, with what to do; --offline does not ask", async () => {
    const { code, out } = await renewd(probing([good, bad]), "check");
    expect(code).toBe(3);
    expect(out).toContain("failed  target airflow/secret (store_denied)\n    access denied\n    ->  Grant it.");
    expect((await renewd(probing([bad]), "check --offline")).code).toBe(0);
  });

  it("with --json is one document, for refused settings too", async () => {
    expect(JSON.parse((await renewd(probing([bad]), "check --json")).out)).toMatchObject({
      ok: false,
      probes: [{ name: "airflow/secret", code: "store_denied" }],
    });
    const problems = [{ file: "r.yaml", line: 1, column: 1, path: "", message: "m", hint: "h" }];
    const refused = Object.assign(new RenewdError("settings_invalid", "r.yaml:1:1"), { problems });
    const { code, out } = await renewd(
      fakeApp(fakeControl(), { checkSettings: () => Promise.reject(refused) }),
      "check --json",
    );
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({ ok: false, problems, probes: [] });
  });
});

describe("history", () => {
  const entries: readonly HistoryEntry[] = [
    {
      at: NOW,
      type: "target:delivered",
      target: "file",
      data: { fingerprint: "1111222233334444", expAt: NOW + 120_000 },
    },
    {
      at: NOW - 1_000,
      type: "incident:opened",
      target: null,
      data: { reason: "late", severity: "warning", message: "Not yet.", action: "Look." },
    },
    { at: NOW - 2_000, type: "renewal:accepted", target: null, data: {} },
    { at: NOW - 3_000, type: "of-a-later-version", target: null, data: { since: NOW } },
  ];

  it("is one line each, newest first, and survives entries that another version wrote", async () => {
    const limits: number[] = [];
    const app = fakeApp(fakeControl({ history: (_, limit) => (limits.push(limit), Promise.resolve(entries)) }));
    const { code, out } = await renewd(app, "history airflow --limit 4");
    expect({ code, limits }).toEqual({ code: 0, limits: [4] });
    expect(out.split("\n")).toEqual([
      "2026-07-01T12:00:00Z  file: token 1111222233334444 written and read back",
      "2026-07-01T11:59:59Z  needs attention (late): Not yet. Look.",
      "2026-07-01T11:59:58Z  renewal:accepted {}",
      '2026-07-01T11:59:57Z  of-a-later-version {"since":"2026-07-01T12:00:00Z"}',
    ]);
  });
});

describe("what a person decides", () => {
  it("reaches the control as it was said", async () => {
    const calls: unknown[] = [];
    const note = (...call: readonly unknown[]): Promise<void> => (calls.push(call), Promise.resolve());
    const app = fakeApp(
      fakeControl({
        pause: (...args) => note("pause", ...args),
        resume: (...args) => note("resume", ...args),
        adopt: (...args) => note("adopt", ...args),
      }),
    );
    const lines = [
      "pause airflow --until 6h --reason upgrade",
      "pause airflow",
      "resume airflow",
      "adopt airflow file",
    ];
    for (const line of lines) expect((await renewd(app, line)).code).toBe(0);
    expect(calls).toEqual([
      ["pause", "airflow", NOW + 6 * 3_600_000, "upgrade"],
      ["pause", "airflow", null, null],
      ["resume", "airflow"],
      ["adopt", "airflow", "file"],
    ]);
    expect(new Set(app.asked.map(({ need }) => need))).toEqual(new Set(["note"]));
  });
});

describe("dashboard and health", () => {
  it("prints the link alone, so that it can be opened by a script", async () => {
    expect(await renewd(fakeApp(), "dashboard")).toMatchObject({
      code: 0,
      out: "http://127.0.0.1:8080/sign-in?code=once",
    });
  });

  it("exits 1 when the daemon is not healthy", async () => {
    expect((await renewd(fakeApp(), "health")).code).toBe(0);
    const sick = fakeApp(fakeControl(), { askHealth: () => Promise.resolve(false) });
    expect((await renewd(sick, "health")).code).toBe(1);
  });
});
