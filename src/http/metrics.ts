import { Registry } from "prom-client";
import type { Control } from "../core/control.ts";
import type { Emit } from "../core/events.ts";
import type { Breathe } from "../core/in-turns.ts";
import { MetricCounters } from "./metric-counters.ts";
import { type Declared, MetricGauges } from "./metric-gauges.ts";
import { IncidentGauges } from "./metric-incidents.ts";
import { makeGauge } from "./metric-make.ts";

/** What Prometheus reads; `metric-list.ts` has every metric. */
export interface Metrics {
  readonly onEvent: Emit;
  /** At load and at each reload: everything declared has its series, counters from 0 on. */
  declare(settings: Declared): void;
  /** The text, its gauges read from the recorded state now. Throws what `status` throws. */
  render(): Promise<string>;
  readonly contentType: string;
}

const NO_ALERTS: Declared["alerts"] = { pageUrl: null, runbooks: "", channels: [], routes: [] };

export function createMetrics(
  control: Pick<Control, "status">,
  info: { readonly version: string; readonly node: string },
  breathe: Breathe = () => Promise.resolve(),
): Metrics {
  const registry = new Registry();
  const gauges = new MetricGauges(registry);
  const incidents = new IncidentGauges(registry);
  const counters = new MetricCounters(registry);
  const reload = makeGauge(registry, "settings_last_reload_successful");
  const build = makeGauge(registry, "build_info");
  reload.set(1);
  build.set(info, 1);

  let declared: Declared = { issuers: [], stores: [], tokens: [], alerts: NO_ALERTS };
  let rendering: Promise<string> | undefined;
  const render = async (): Promise<string> => {
    const report = await control.status();
    await gauges.show(report, declared, breathe);
    incidents.show(report);
    return textOf(registry, breathe);
  };
  return {
    contentType: registry.contentType,
    declare: (settings) => {
      declared = settings;
      counters.declare(settings);
    },
    onEvent: (event) => {
      if (event.type === "settings:loaded") reload.set(1);
      else if (event.type === "settings:refused") reload.set(0);
      counters.onEvent(event);
    },
    // Two scrapes at once share one reading, so that neither sees the other's gauges half filled.
    render: () => {
      rendering ??= render().finally(() => {
        rendering = undefined;
      });
      return rendering;
    },
  };
}

/** What `registry.metrics()` answers, a metric at a time: of a large fleet each has many thousand series. */
async function textOf(registry: Registry, breathe: Breathe): Promise<string> {
  const texts: string[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    texts.push(await registry.getSingleMetricAsString(name));
    await breathe();
  }
  return `${texts.join("\n\n")}\n`;
}
