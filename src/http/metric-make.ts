import { Counter, Gauge, type Registry } from "prom-client";
import { type LabelOf, type MetricName, METRICS, PREFIX } from "./metric-list.ts";

export type GaugeName = {
  [Name in MetricName]: (typeof METRICS)[Name]["type"] extends "gauge" ? Name : never;
}[MetricName];
export type CounterName = Exclude<MetricName, GaugeName>;

export function makeGauge<Name extends GaugeName>(registry: Registry, name: Name): Gauge<LabelOf<Name>> {
  return new Gauge(configurationOf(registry, name));
}

export function makeCounter<Name extends CounterName>(registry: Registry, name: Name): Counter<LabelOf<Name>> {
  return new Counter(configurationOf(registry, name));
}

function configurationOf<Name extends MetricName>(
  registry: Registry,
  name: Name,
): { name: string; help: string; labelNames: LabelOf<Name>[]; registers: Registry[] } {
  const { help, labels } = METRICS[name];
  return { name: `${PREFIX}${name}`, help, labelNames: [...labels] as LabelOf<Name>[], registers: [registry] };
}
