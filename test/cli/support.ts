/**
 * A command line in memory. The App here is a fake of our own port: verbs are tested for what they ask of it, say and
 * answer; what the real one does is tested with it.
 */
import type { App } from "../../src/cli/app-port.ts";
import type { Cli, Output } from "../../src/cli/command.ts";
import type { ExitCode } from "../../src/cli/exit-codes.ts";
import { painter } from "../../src/cli/format.ts";
import { runCli } from "../../src/cli/program.ts";
import type { Control, Created } from "../../src/core/control.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { StatusReport, TargetStatus, TokenStatus } from "../../src/core/status.ts";
import { FakeClock } from "../support/fake-clock.ts";

export const NOW = Date.parse("2026-07-01T12:00:00Z");

export const settings: Settings = {
  file: "/etc/renewd/renewd.yaml",
  instance: "test",
  tick: "*/30 * * * * *",
  tickMs: 30_000,
  state: { url: { kind: "sqlite", file: "/var/lib/renewd/renewd.db" }, keys: [] },
  http: null,
  alerts: {
    pageUrl: null,
    runbooks: "https://docs.example.org/alerts",
    channels: [
      { key: "pager", type: "pagerduty", options: {} },
      { key: "chat", type: "slack", options: {} },
    ],
    routes: [{ to: ["pager"], severity: "critical", match: {} }],
  },
  issuers: [{ key: "flowauth", type: "flowauth", options: {} }],
  stores: [
    { key: "aws", type: "aws-secrets-manager", options: { region: "eu-west-1" } },
    { key: "files", type: "file", options: { directory: "../secrets" } },
  ],
  tokens: [
    {
      key: "airflow",
      identity: "flowauth|airflow-flowapi",
      issuer: "flowauth",
      name: "airflow-flowapi",
      comment: null,
      labels: {},
      create: false,
      request: {
        lifetimeMs: 120_000,
        roles: ["viewer"],
        audience: "flowapi",
        subject: null,
        strategy: "replace",
        retire: false,
        detail: {},
      },
      policy: {
        key: "default",
        renewBefore: { share: 0.5 },
        jitter: { share: 0.05 },
        repairMs: 10_000,
        renewEveryMs: null,
        windows: [],
      },
      targets: [
        declaredTarget("file", "files", "FLOWAPI_TOKEN", { kind: "raw" }),
        declaredTarget("secret", "aws", "airflow/variables/FLOWAPI_TOKEN", { kind: "json", key: "token" }),
      ],
    },
  ],
};

function declaredTarget(
  label: string,
  store: string,
  secret: string,
  format: Settings["tokens"][number]["targets"][number]["format"],
): Settings["tokens"][number]["targets"][number] {
  const rest = { holdMs: 20_000, propagationMs: 0, observeMs: 60_000, create: true, reload: null };
  return { label, identity: `${store}|${secret}`, store, address: { secret }, format, ...rest };
}

export function targetStatus(change: Partial<TargetStatus> = {}): TargetStatus {
  return {
    target: "file",
    store: "files",
    state: "ok",
    ok: true,
    advice: null,
    next: { action: "wait", at: NOW + 60_000, reason: "looked at 10 s ago" },
    held: {
      fingerprint: "1111222233334444",
      issuerId: "7",
      startAt: NOW - 20_000,
      expAt: NOW + 100_000,
      u: 0.5,
      sinceAt: NOW - 10_000,
      provedAt: NOW - 10_000,
    },
    delivery: null,
    drift: null,
    deadlineAt: NOW + 74_000,
    trouble: null,
    conditions: [],
    ...change,
  };
}

export function tokenStatus(change: Partial<TokenStatus> = {}): TokenStatus {
  return {
    token: "airflow",
    name: "airflow-flowapi",
    issuer: "flowauth",
    comment: null,
    labels: {},
    lifetimeMs: 120_000,
    outliveAt: NOW + 100_000,
    windows: [],
    state: "ok",
    ok: true,
    advice: null,
    next: { action: "wait", at: NOW + 40_000, reason: "due 2026-07-01T12:00:40Z, 40 s from now" },
    newest: {
      fingerprint: "1111222233334444",
      issuerId: "7",
      startAt: NOW - 20_000,
      expAt: NOW + 100_000,
      roles: ["runner", "viewer"],
      origin: "minted",
    },
    previous: null,
    schedule: { renewAt: NOW + 40_000, latestAt: NOW + 64_000, floorAt: NOW, deadlineAt: NOW + 74_000 },
    quarantined: null,
    pause: null,
    trouble: null,
    lastSuccessAt: NOW - 10_000,
    conditions: [],
    targets: [targetStatus()],
    ...change,
  };
}

export function report(change: Partial<StatusReport> = {}): StatusReport {
  const nothing = { daemon: [], services: [], channels: [], created: [] };
  return { at: NOW, ok: true, lastSweepAt: NOW - 2_000, ...nothing, tokens: [tokenStatus()], ...change };
}

export function created(change: Partial<Created> = {}): Created {
  const token = new SecretText("header.created.signature");
  return {
    token,
    fingerprint: token.fingerprint,
    key: "airflow",
    issuer: "flowauth",
    issuerId: "8",
    name: "airflow-flowapi",
    comment: null,
    subject: "flowbot",
    roles: ["viewer"],
    expAt: NOW + 120_000,
    outcome: "made",
    warnings: [],
    ...change,
  };
}

/** Knows the one token `airflow`; a test replaces what it is about. */
export function fakeControl(change: Partial<Control> = {}): Control {
  const known = (token: string): void => {
    if (token !== "airflow") throw new RenewdError("unknown_token", `no token ${token} is declared`);
  };
  const plan = change.plan ?? (() => Promise.resolve([]));
  return {
    status: () => Promise.resolve(report()),
    tokenStatus: async (token) => (known(token), tokenStatus()),
    plan,
    planOf: async (token) => {
      const found = (await plan()).find((entry) => entry.token === token);
      if (found === undefined) throw new RenewdError("unknown_token", `no token ${token} is declared`);
      return found;
    },
    calendarDays: () => Promise.resolve({ days: [], countedUntilAt: NOW }),
    calendar: () => Promise.resolve([]),
    limits: async (token) => (known(token), { longestMs: null, latestAt: null }),
    history: async (token) => (known(token), []),
    renew: async (token) => (known(token), { token, since: NOW, joined: false }),
    renewal: () => Promise.resolve({ state: "delivered", fingerprint: "5555666677778888", expAt: NOW + 120_000 }),
    pause: async (token) => known(token),
    resume: async (token) => known(token),
    rollback: async (token) => (
      known(token),
      { token, withdrawn: "5555666677778888", fingerprint: "1111222233334444", expAt: NOW + 100_000, warnings: [] }
    ),
    accept: async (token) => (
      known(token),
      { token, fingerprint: "5555666677778888", expAt: NOW + 100_000, check: "scopes" }
    ),
    discard: async (token) => (known(token), { token, fingerprint: "5555666677778888" }),
    createToken: () => Promise.resolve(created()),
    adopt: async (token) => known(token),
    ...change,
  };
}

export interface FakeApp extends App {
  /** What `withControl` was asked with. */
  readonly asked: Parameters<App["withControl"]>[0][];
  readonly clock: FakeClock;
}

export function fakeApp(control: Control = fakeControl(), change: Partial<App> = {}): FakeApp {
  const asked: Parameters<App["withControl"]>[0][] = [];
  const unexpected = (): never => {
    throw new TypeError("not part of this test");
  };
  return {
    version: "1.2.3",
    environment: {},
    random: { share: () => 0.5, hex: (count) => "ab".repeat(count) },
    startDaemon: unexpected,
    withControl: (options, use) => (asked.push(options), use(control, "daemon")),
    checkSettings: () => Promise.resolve({ settings, warnings: [], probe: () => Promise.resolve([]) }),
    presets: () => Promise.resolve([]),
    alertTest: () => Promise.resolve([]),
    simulate: unexpected,
    askHealth: () => Promise.resolve(true),
    dashboardLink: () => Promise.resolve("http://127.0.0.1:8080/sign-in?code=once"),
    onSignals: unexpected,
    renderProblems: (problems) => problems.map(({ file, line, message }) => `${file}:${line} ${message}`).join("\n"),
    didYouMean: (word, known) => `Did you mean one of ${[...known].join(", ")} by ${word}?`,
    ...change,
    clock: new FakeClock(NOW),
    asked,
  };
}

export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs a whole command line; `terminal` makes both streams look like one. */
export async function renewd(app: App, argv: string, terminal = false): Promise<Ran> {
  const { cli, out, err } = memoryCli(app, terminal);
  const code = await runCli(argv === "" ? [] : argv.split(" "), cli);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

export function memoryCli(app: App, terminal = false, columns = 80): { cli: Cli; out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const output = (lines: string[]): Output => ({
    isTerminal: terminal,
    columns,
    paint: painter(false),
    line: (text) => void lines.push(text),
    deliver: (text) => Promise.resolve(void lines.push(text)),
  });
  return { cli: { app, out: output(out), err: output(err), converse: null }, out, err };
}
