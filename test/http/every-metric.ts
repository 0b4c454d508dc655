/** Metrics as a daemon has them, with a series of each. */
import type { Condition } from "../../src/core/incidents.ts";
import type { StatusReport } from "../../src/core/status.ts";
import type { Declared } from "../../src/http/metric-gauges.ts";
import { createMetrics, type Metrics } from "../../src/http/metrics.ts";
import { declaredTarget, declaredToken } from "../core/samples.ts";
import { FakeControl, NOW, report, token } from "./fake-control.ts";

/** Settings with these tokens and targets, an issuer, a store and a channel. */
export function declared(targets: Readonly<Record<string, readonly string[]>>, over: Partial<Declared> = {}): Declared {
  const tokens = Object.entries(targets).map(([key, labels]) =>
    declaredToken({ key, targets: labels.map((label) => declaredTarget({ label })) }),
  );
  const service = { type: "t", options: {} };
  return {
    tokens,
    issuers: [{ key: "flowauth", ...service }],
    stores: [{ key: "aws", ...service }],
    alerts: { pageUrl: null, runbooks: "", channels: [{ key: "pager", ...service }], routes: [] },
    ...over,
  };
}

export function everyMetric(): Metrics {
  const control = new FakeControl();
  control.report = everything();
  const metrics = createMetrics(control, { version: "1.2.3", node: "24.21.0" });
  metrics.declare(declared({ flowapi: ["airflow"] }));
  const service = { type: "service:called", at: NOW, call: "c", status: "200" } as const;
  metrics.onEvent({ ...service, service: "issuer", key: "flowauth" });
  metrics.onEvent({ ...service, service: "store", key: "aws" });
  return metrics;
}

function everything(): StatusReport {
  const condition: Condition = {
    reason: "drift",
    severity: "warning",
    message: "m",
    action: "a",
    next: "n",
    dangerAt: null,
    expAt: null,
  };
  const channel = { channel: "pager", type: "t", failures: 0, code: null, message: null, nextTryAt: null };
  return {
    ...report,
    channels: [{ ...channel, lastSuccessAt: NOW }],
    tokens: [{ ...token, conditions: [condition] }],
  };
}
