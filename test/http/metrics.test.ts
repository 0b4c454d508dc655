import { describe, expect, it } from "vitest";
import type { DomainEvent, RenewalResult } from "../../src/core/events.ts";
import type { Condition } from "../../src/core/incidents.ts";
import { compileWindow } from "../../src/core/windows.ts";
import { METRICS, PREFIX } from "../../src/http/metric-list.ts";
import { createMetrics, type Metrics } from "../../src/http/metrics.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { declaredToken, trouble } from "../core/samples.ts";
import { declared, everyMetric } from "./every-metric.ts";
import { EXP, FakeControl, NOW, report, target, token } from "./fake-control.ts";

const info = { version: "1.2.3", node: "24.21.0" };

function made(control: FakeControl = new FakeControl()): Metrics {
  const metrics = createMetrics(control, info);
  metrics.declare(declared({ flowapi: ["airflow"] }));
  return metrics;
}

/** Series without their help, sorted as they come. */
async function series(metrics: Metrics, name: string): Promise<readonly string[]> {
  return (await metrics.render()).split("\n").filter((line) => new RegExp(`^renewd_${name}[{ ]`).test(line));
}

const issue = { at: NOW, token: "flowapi", fingerprint: "00112233aabbccdd", expAt: EXP } as const;
const failed = { at: NOW, token: "flowapi", message: "m", nextTryAt: NOW } as const;
const settled = (result: RenewalResult): DomainEvent => ({ ...issue, type: "renewal:settled", result });

describe("the text", () => {
  it("has every metric of the contract, well formed", async () => {
    const metrics = made();
    metrics.onEvent({
      type: "service:called",
      at: NOW,
      service: "issuer",
      key: "flowauth",
      call: "sign_in",
      status: "200",
    });
    metrics.onEvent({ type: "service:called", at: NOW, service: "store", key: "aws", call: "put", status: "200" });
    const text = await metrics.render();
    const expiry = EXP / 1000;
    for (const line of [
      `renewd_target_token_expiration_timestamp_seconds{token="flowapi",target="airflow"} ${expiry}`,
      `renewd_token_expiration_timestamp_seconds{token="flowapi"} ${expiry}`,
      `renewd_issued_token_expiration_timestamp_seconds{token="flowapi"} ${expiry}`,
      `renewd_token_renewal_timestamp_seconds{token="flowapi"} ${expiry - 7_200}`,
      `renewd_token_deadline_timestamp_seconds{token="flowapi"} ${expiry - 3_600}`,
      `renewd_token_last_success_timestamp_seconds{token="flowapi"} ${NOW / 1000}`,
      `renewd_last_sweep_timestamp_seconds ${NOW / 1000 - 2}`,
      "renewd_sweep_lag_seconds 2",
      'renewd_build_info{version="1.2.3",node="24.21.0"} 1',
      "renewd_settings_last_reload_successful 1",
      'renewd_issuer_requests_total{issuer="flowauth",call="sign_in",status="200"} 1',
      'renewd_store_requests_total{store="aws",call="put",status="200"} 1',
      'renewd_renewals_total{token="flowapi",result="delivered"} 0',
      'renewd_deliveries_total{token="flowapi",target="airflow",result="failed"} 0',
    ]) {
      expect(text).toContain(`\n${line}\n`);
    }
    expect(text).toContain("# TYPE renewd_incidents_open gauge\n");
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expectWellFormed(text);
  });

  it("has exactly the metrics of the list, of its types and with its labels", async () => {
    const metrics = everyMetric();
    const text = await metrics.render();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
    expect(Object.fromEntries(types)).toEqual(
      Object.fromEntries(Object.entries(METRICS).map(([name, { type }]) => [`${PREFIX}${name}`, type])),
    );
    for (const [name, { labels, help }] of Object.entries(METRICS)) {
      expect(text).toContain(`# HELP ${PREFIX}${name} ${help}\n`);
      const [sample = ""] = await series(metrics, name);
      const found = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label);
      expect(found, name).toEqual(labels);
    }
  });

  it("gives a time only once it is known", async () => {
    const control = new FakeControl();
    const bare = { ...target, held: null, deadlineAt: null };
    const fresh = { ...token, newest: null, schedule: null, lastSuccessAt: null, targets: [bare] };
    control.report = { ...report, lastSweepAt: null, tokens: [fresh] };
    expect(await made(control).render()).not.toMatch(/^renewd_\w*(?:timestamp_seconds|sweep_lag_seconds)[{ ]/m);
  });

  it("takes the least over the targets that hold one", async () => {
    const control = new FakeControl();
    const older = { ...target, target: "files", held: { ...target.held!, expAt: NOW + 60_000 }, deadlineAt: NOW };
    const empty = { ...target, target: "vault", held: null, deadlineAt: null };
    control.report = { ...report, tokens: [{ ...token, targets: [target, older, empty] }] };
    const metrics = made(control);
    expect(await series(metrics, "token_expiration_timestamp_seconds")).toEqual([
      `renewd_token_expiration_timestamp_seconds{token="flowapi"} ${NOW / 1000 + 60}`,
    ]);
    expect((await series(metrics, "token_deadline_timestamp_seconds"))[0]).toMatch(new RegExp(` ${NOW / 1000}$`));
    expect(await series(metrics, "target_token_expiration_timestamp_seconds")).toHaveLength(2);
  });

  it("forgets a token that the status no longer has", async () => {
    const control = new FakeControl();
    const metrics = made(control);
    expect(await series(metrics, "token_expiration_timestamp_seconds")).toHaveLength(1);
    control.report = { ...report, tokens: [] };
    expect(await series(metrics, "token_expiration_timestamp_seconds")).toEqual([]);
  });
});

describe("gauges", () => {
  it("count the failures in a row of tokens, targets, services and channels, 0 where there are none", async () => {
    const control = new FakeControl();
    const metrics = made(control);
    const failuresOf = async (name: string): Promise<readonly string[]> =>
      (await series(metrics, name)).map((line) => line.slice(`renewd_${name}`.length));
    expect(await failuresOf("token_failures")).toEqual(['{token="flowapi"} 0']);
    expect(await failuresOf("target_failures")).toEqual(['{token="flowapi",target="airflow"} 0']);
    expect(await failuresOf("service_failures")).toEqual([
      '{kind="issuer",service="flowauth"} 0',
      '{kind="store",service="aws"} 0',
    ]);
    const failing = trouble("issuer_timeout", { attempts: 4 });
    const channel = { channel: "pager", type: "t", code: "channel_error", message: "m", nextTryAt: NOW };
    control.report = {
      ...report,
      services: [{ kind: "store", key: "aws", failures: 7, code: "store_unreachable", probeAt: NOW }],
      channels: [{ ...channel, failures: 3, lastSuccessAt: null }],
      tokens: [{ ...token, trouble: failing, targets: [{ ...target, trouble: { ...failing, attempts: 2 } }] }],
    };
    expect(await failuresOf("token_failures")).toEqual(['{token="flowapi"} 4']);
    expect(await failuresOf("target_failures")).toEqual(['{token="flowapi",target="airflow"} 2']);
    expect(await failuresOf("service_failures")).toContain('{kind="store",service="aws"} 7');
    expect(await failuresOf("channel_failures")).toEqual(['{channel="pager"} 3']);
    expect(await failuresOf("channel_last_success_timestamp_seconds")).toEqual([]);
  });

  it("count tokens by state, with those that are empty", async () => {
    const control = new FakeControl();
    const late = { ...token, token: "late", state: "late" } as const;
    control.report = { ...report, tokens: [token, { ...token, token: "other" }, late] };
    const counts = await series(made(control), "tokens");
    expect(counts).toContain('renewd_tokens{state="ok"} 2');
    expect(counts).toContain('renewd_tokens{state="late"} 1');
    expect(counts).toContain('renewd_tokens{state="expired"} 0');
  });

  it("plan a renewal inside a window, or at the last instant where none opens before", async () => {
    const schedule = { ...token.schedule!, renewAt: NOW, latestAt: EXP };
    const control = new FakeControl();
    control.report = { ...report, tokens: [{ ...token, schedule }] };
    const metrics = made(control);
    const planned = async (opens: string): Promise<number> => {
      const windows = [compileWindow(opens, 3_600_000, "UTC", compileCron)];
      const { policy } = declaredToken();
      metrics.declare(declared({}, { tokens: [declaredToken({ key: "flowapi", policy: { ...policy, windows } })] }));
      const [line = ""] = await series(metrics, "token_renewal_timestamp_seconds");
      return Number(line.split(" ").at(-1)) * 1000;
    };
    expect(await planned("0 6 2 7 *")).toBe(Date.parse("2026-07-02T06:00:00Z"));
    expect(await planned("0 6 2 9 *")).toBe(EXP);
  });
});

describe("counters", () => {
  it("start at 0 for every result of what is declared", async () => {
    const results = ["delivered", "adopted", "capped", "quarantined", "no_progress", "failed"];
    expect(await series(made(), "renewals_total")).toEqual(
      results.map((result) => `renewd_renewals_total{token="flowapi",result="${result}"} 0`),
    );
    expect(await series(made(), "deliveries_total")).toHaveLength(3);
  });

  it("count each renewal once, by how it ended", async () => {
    const metrics = made();
    const rejected = { ...issue, type: "renewal:quarantined", message: "m" } as const;
    for (const event of [
      settled("delivered"),
      settled("capped"),
      { ...rejected, code: "token_rejected", check: "roles" },
      { ...failed, type: "renewal:failed", code: "token_rejected" },
      { ...rejected, code: "no_progress", check: "progress" },
      { ...failed, type: "renewal:failed", code: "no_progress" },
      { ...failed, type: "renewal:failed", code: "issuer_timeout" },
    ] satisfies readonly DomainEvent[]) {
      metrics.onEvent(event);
    }
    const counts = (await series(metrics, "renewals_total")).map((line) =>
      /result="(\w+)"\} (\d+)/.exec(line)?.slice(1),
    );
    expect(Object.fromEntries(counts.map((count) => count ?? []))).toEqual({
      delivered: "1",
      adopted: "0",
      capped: "1",
      quarantined: "1",
      no_progress: "1",
      failed: "1",
    });
  });

  it("count deliveries for each target", async () => {
    const metrics = made();
    metrics.onEvent({ ...issue, type: "target:delivered", target: "airflow" });
    metrics.onEvent({ ...failed, type: "target:failed", target: "airflow", code: "store_denied" });
    metrics.onEvent({ ...failed, type: "target:failed", target: "airflow", code: "store_denied" });
    expect(await series(metrics, "deliveries_total")).toEqual([
      'renewd_deliveries_total{token="flowapi",target="airflow",result="delivered"} 1',
      'renewd_deliveries_total{token="flowapi",target="airflow",result="adopted"} 0',
      'renewd_deliveries_total{token="flowapi",target="airflow",result="failed"} 2',
    ]);
  });

  it("count what is told to each channel, and end with it", async () => {
    const metrics = made();
    const told = { at: NOW, type: "channel:told", firing: 1, resolved: 0 } as const;
    const refused = { at: NOW, type: "channel:failed", code: "channel_error", message: "m", nextTryAt: NOW } as const;
    expect(await series(metrics, "notifications_total")).toEqual([
      'renewd_notifications_total{channel="pager",result="sent"} 0',
      'renewd_notifications_total{channel="pager",result="failed"} 0',
    ]);
    metrics.onEvent({ ...told, channel: "pager" });
    metrics.onEvent({ ...refused, channel: "pager", failures: 1 });
    metrics.onEvent({ ...refused, channel: "pager", failures: 2 });
    metrics.onEvent({ ...told, channel: "stranger" });
    expect(await series(metrics, "notifications_total")).toEqual([
      'renewd_notifications_total{channel="pager",result="sent"} 1',
      'renewd_notifications_total{channel="pager",result="failed"} 2',
    ]);
    const { alerts } = declared({});
    metrics.declare(declared({ flowapi: ["airflow"] }, { alerts: { ...alerts, channels: [] } }));
    expect(await series(metrics, "notifications_total")).toEqual([]);
  });

  it("keep their count over a reload, end with what they count, and take no label that is not declared", async () => {
    const metrics = made();
    metrics.onEvent(settled("delivered"));
    metrics.declare(declared({ flowapi: ["vault"], other: [] }));
    expect(await series(metrics, "renewals_total")).toHaveLength(12);
    expect((await series(metrics, "renewals_total"))[0]).toMatch(/ 1$/);
    expect((await series(metrics, "deliveries_total")).join()).not.toContain("airflow");
    metrics.declare(declared({ flowapi: ["vault"] }));
    expect(await series(metrics, "renewals_total")).toHaveLength(6);
    metrics.onEvent({ ...settled("delivered"), token: "stranger" } as DomainEvent);
    metrics.onEvent({ ...issue, type: "target:delivered", target: "stranger" });
    expect(await metrics.render()).not.toContain("stranger");
  });
});

describe("incidents and reloads", () => {
  const condition: Condition = {
    reason: "drift",
    severity: "warning",
    message: "m",
    action: "a",
    next: "It tries again.",
    dangerAt: null,
    expAt: null,
  };

  it("are open for as long as the status says so, and end visibly", async () => {
    const control = new FakeControl();
    const metrics = made(control);
    expect(await series(metrics, "incidents_open")).toEqual([]);
    const drifting = { ...target, conditions: [condition] };
    control.report = { ...report, tokens: [{ ...token, targets: [drifting, { ...drifting, target: "files" }] }] };
    expect(await series(metrics, "incidents_open")).toEqual([
      'renewd_incidents_open{token="flowapi",reason="drift"} 2',
    ]);
    expect(await series(metrics, "incident_severity")).toEqual([
      'renewd_incident_severity{token="flowapi",reason="drift"} 2',
    ]);
    const graver = { ...target, conditions: [{ ...condition, severity: "critical" as const }] };
    control.report = { ...report, tokens: [{ ...token, targets: [graver, drifting] }] };
    expect((await series(metrics, "incident_severity"))[0]).toMatch(/ 3$/);
    control.report = report;
    expect(await series(metrics, "incidents_open")).toEqual([
      'renewd_incidents_open{token="flowapi",reason="drift"} 0',
    ]);
    expect((await series(metrics, "incident_severity"))[0]).toMatch(/ 0$/);
    control.report = { ...report, tokens: [] };
    expect(await series(metrics, "incidents_open")).toEqual([]);
  });

  it("of the daemon itself have no token, and their end is seen", async () => {
    const control = new FakeControl();
    const metrics = made(control);
    control.report = { ...report, daemon: [{ ...condition, reason: "clock_skewed" }] };
    expect(await series(metrics, "incidents_open")).toContain(
      'renewd_incidents_open{token="",reason="clock_skewed"} 1',
    );
    control.report = report;
    expect(await series(metrics, "incidents_open")).toContain(
      'renewd_incidents_open{token="",reason="clock_skewed"} 0',
    );
  });

  it("show whether the settings file as it is now is in force", async () => {
    const metrics = made();
    metrics.onEvent({ type: "settings:refused", at: NOW, file: "f", problems: ["p"] });
    expect(await series(metrics, "settings_last_reload_successful")).toEqual([
      "renewd_settings_last_reload_successful 0",
    ]);
    metrics.onEvent({ type: "settings:loaded", at: NOW, file: "f", tokens: 1, changed: 0 });
    expect(await series(metrics, "settings_last_reload_successful")).toEqual([
      "renewd_settings_last_reload_successful 1",
    ]);
  });
});

it("answers scrapes that come at once from one reading", async () => {
  const control = new FakeControl();
  const metrics = made(control);
  const [a, b] = await Promise.all([metrics.render(), metrics.render()]);
  expect(a).toBe(b);
  expect(control.asked).toEqual([["status"]]);
  control.failure = new Error("torn");
  await expect(metrics.render()).rejects.toThrow("torn");
  control.failure = undefined;
  expect(await metrics.render()).toContain("renewd_build_info");
});

/** The rules of the text format 0.0.4 that promtool checks: help and type once before the series, no series twice, `_total` for counters alone. */
function expectWellFormed(text: string): void {
  const seen = new Set<string>();
  let family = "";
  let type = "";
  for (const line of text.trimEnd().split("\n")) {
    if (line === "") continue;
    const help = /^# HELP (renewd_[a-z_]+) \S.*$/.exec(line);
    const typed = /^# TYPE (renewd_[a-z_]+) (counter|gauge)$/.exec(line);
    const sample = /^(renewd_[a-z_]+)(\{(?:[a-z]+="[^"\\\n]*",?)+\})? (\d+(?:\.\d+)?)$/.exec(line);
    if (help !== null) {
      family = help[1] ?? "";
      expect(seen).not.toContain(family);
      seen.add(family);
    } else if (typed !== null) {
      expect(typed[1]).toBe(family);
      type = typed[2] ?? "";
      expect(family.endsWith("_total")).toBe(type === "counter");
    } else {
      expect(sample?.[1], line).toBe(family);
      const name = line.slice(0, line.lastIndexOf(" "));
      expect(seen.has(`series ${name}`)).toBe(false);
      seen.add(`series ${name}`);
    }
  }
}
