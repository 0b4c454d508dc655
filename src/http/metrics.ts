import { Gauge, Registry } from "prom-client";
import type { Control } from "../core/control.ts";
import type { Emit } from "../core/events.ts";
import type { Settings } from "../core/settings.ts";
import { MetricCounters } from "./metric-counters.ts";
import { IncidentGauge, MetricGauges } from "./metric-gauges.ts";

/** What Prometheus reads (CONTRACT: Metrics). */
export interface Metrics {
  readonly onEvent: Emit;
  /** At load and at each reload: every counter of what is declared exists from 0 on. */
  declare(settings: Pick<Settings, "tokens">): void;
  /** The text, its gauges read from the recorded state now. Throws what `status` throws. */
  render(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(
  control: Pick<Control, "status">,
  info: { readonly version: string; readonly node: string },
): Metrics {
  const registry = new Registry();
  const gauges = new MetricGauges(registry);
  const incidents = new IncidentGauge(registry);
  const counters = new MetricCounters(registry);
  const reload = new Gauge({
    name: "renewd_settings_last_reload_successful",
    help: "1 when the settings file as it was last read is in force, 0 when it was refused.",
    registers: [registry],
  });
  const build = new Gauge({
    name: "renewd_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["version", "node"],
    registers: [registry],
  });
  reload.set(1);
  build.set(info, 1);

  let rendering: Promise<string> | undefined;
  const render = async (): Promise<string> => {
    const report = await control.status();
    gauges.show(report);
    incidents.show(report);
    return registry.metrics();
  };
  return {
    contentType: registry.contentType,
    declare: (settings) => counters.declare(settings),
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
