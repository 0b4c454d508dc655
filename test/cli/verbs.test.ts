import { describe, expect, it } from "vitest";
import type { ProbeResult } from "../../src/cli/app-port.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { HistoryEntry } from "../../src/core/state-store.ts";
import { runCli } from "../../src/cli/program.ts";
import { fakeApp, fakeControl, memoryCli, NOW, renewd, settings, tokenStatus } from "./support.ts";

const PAUSE = { since: NOW, until: null, reason: null, deliveries: false };

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
      checkSettings: () => Promise.resolve({ settings, warnings: [], probe: () => Promise.resolve(results) }),
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

  it.each(["token", "api_token", "channel"] as const)(
    "exits 3 for a failing %s too, and not with --offline",
    async (kind) => {
      const { code, out } = await renewd(probing([good, { ...bad, kind, name: "team" }]), "check");
      expect(code).toBe(3);
      expect(out).toContain(
        `failed  ${kind.replace("_", " ")} team (store_denied)\n    access denied\n    ->  Grant it.`,
      );
      expect((await renewd(probing([{ ...bad, kind }]), "check --offline")).code).toBe(0);
    },
  );

  it("says what is allowed and probably not meant, with its place and what to do, and exits as ever", async () => {
    const warning = { file: "r.yaml", line: 7, column: 5, path: "policies.x", message: "is odd", hint: "Mend it." };
    const app = fakeApp(fakeControl(), {
      checkSettings: () => Promise.resolve({ settings, warnings: [warning], probe: () => Promise.resolve([]) }),
    });
    const { code, out } = await renewd(app, "check --offline");
    expect(code).toBe(0);
    expect(out).toContain("beware  r.yaml:7:5\n    policies.x is odd\n    ->  Mend it.");
    expect(JSON.parse((await renewd(app, "check --offline --json")).out)).toMatchObject({
      ok: true,
      warnings: [warning],
    });
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
    expect(JSON.parse(out)).toEqual({ ok: false, problems, warnings: [], probes: [] });
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

describe("on a narrow terminal", () => {
  it.each(["history airflow", "check --offline -c /srv/renewd/of-the-data-platform/renewd.yaml"])(
    "`%s` is broken into lines, and elsewhere not",
    async (line) => {
      const data = {
        reason: "late",
        severity: "warning",
        message: "Not yet renewed. ".repeat(8),
        next: "",
        action: "",
      };
      const entry: HistoryEntry = { at: NOW, type: "incident:opened", target: null, data };
      const app = fakeApp(fakeControl({ history: () => Promise.resolve([entry]) }));
      const { cli, out } = memoryCli(app, true, 60);
      await runCli(line.split(" "), cli);
      const lines = out.join("\n").split("\n");
      expect(lines.length).toBeGreaterThan(1);
      expect(lines.filter((each) => each.length > 60)).toEqual([]);
      expect((await renewd(app, line)).out.split("\n")).toHaveLength(1);
    },
  );
});

describe("what a person decides", () => {
  it("reaches the control as it was said", async () => {
    const calls: unknown[] = [];
    const note = (...call: readonly unknown[]): Promise<void> => (calls.push(call), Promise.resolve());
    const app = fakeApp(
      fakeControl({
        pause: (...args) => note("pause", ...args),
        resume: (...args) => note("resume", ...args),
        tokenStatus: () => Promise.resolve(tokenStatus({ pause: PAUSE })),
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

  it("resumes nothing that was not paused, and says so", async () => {
    const app = fakeApp(fakeControl({ resume: () => Promise.reject(new Error("resumed")) }));
    expect(await renewd(app, "resume airflow")).toMatchObject({
      code: 0,
      out: "airflow is not paused; nothing was changed",
    });
    expect(JSON.parse((await renewd(app, "resume airflow --json")).out)).toEqual({
      token: "airflow",
      paused: false,
      was_paused: false,
    });
  });
});

describe("what a person decides of a token's issues", () => {
  const warnings = ["readers of file are safe only until 2026-07-01T12:01:14Z = expiry - (hold)"];
  const rolled = { token: "airflow", withdrawn: "5555666677778888", fingerprint: "1111222233334444", expAt: NOW };

  it("is done by the daemon, or noted for its next start, and told in a line", async () => {
    const app = fakeApp(fakeControl());
    const told = async (line: string): Promise<string> => {
      const { code, out, err } = await renewd(app, line);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      return out;
    };
    expect(await told("rollback airflow")).toBe(
      "airflow is rolled back from 5555666677778888 to 1111222233334444, which expires 2026-07-01T12:01:40Z; it is paused until `renewd resume airflow`",
    );
    expect(await told("accept airflow")).toBe(
      "airflow: token 5555666677778888 is accepted in spite of its scopes and goes to every target; expires 2026-07-01T12:01:40Z",
    );
    expect(await told("discard airflow")).toBe(
      "airflow: token 5555666677778888 is discarded; renewd asks anew when the renewal is due",
    );
    expect(new Set(app.asked.map(({ need }) => need))).toEqual(new Set(["note"]));
    const doubt = fakeControl({ discard: (token) => Promise.resolve({ token, fingerprint: null }) });
    expect((await renewd(fakeApp(doubt), "discard airflow")).out).toContain("the request in doubt is discarded");
  });

  it("as a rollback warns on stderr where readers get too little, and still exits 0", async () => {
    const app = fakeApp(fakeControl({ rollback: () => Promise.resolve({ ...rolled, warnings }) }));
    const { code, out, err } = await renewd(app, "rollback airflow");
    expect({ code, err }).toEqual({ code: 0, err: `renewd: ${warnings[0]}` });
    expect(out).toContain("is rolled back");
  });

  it("with --json is one document on stdout", async () => {
    const app = fakeApp(fakeControl({ rollback: () => Promise.resolve({ ...rolled, warnings }) }));
    const documentOf = async (line: string): Promise<unknown> => {
      const { code, out, err } = await renewd(app, line);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      return JSON.parse(out) as unknown;
    };
    const { expAt: _, ...names } = rolled;
    expect(await documentOf("rollback airflow --json")).toEqual({ ...names, exp_at: "2026-07-01T12:00:00Z", warnings });
    expect(await documentOf("accept airflow --json")).toMatchObject({
      fingerprint: "5555666677778888",
      check: "scopes",
    });
    expect(await documentOf("discard airflow --json")).toEqual({ token: "airflow", fingerprint: "5555666677778888" });
  });

  it.each([
    ["rollback", "nothing_to_roll_back"],
    ["accept", "not_acceptable"],
    ["accept", "nothing_quarantined"],
    ["discard", "nothing_quarantined"],
  ] as const)("`%s` that is refused with %s exits 1 and says what to do", async (verb, code) => {
    const refusing = fakeControl({ [verb]: () => Promise.reject(new RenewdError(code, "no, because")) });
    const ran = await renewd(fakeApp(refusing), `${verb} airflow`);
    expect(ran).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/^renewd: no, because\n {2}-> \w/) });
  });

  it("about an unknown token tells the nearest", async () => {
    for (const verb of ["rollback", "accept", "discard"]) {
      const { code, err } = await renewd(fakeApp(), `${verb} airflw`);
      expect({ verb, code }).toEqual({ verb, code: 64 });
      expect(err).toContain("Did you mean one of airflow by airflw?");
    }
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
