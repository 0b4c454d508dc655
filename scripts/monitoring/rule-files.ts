/** The rules, and their tests, as Prometheus and promtool read them. */
import { ALL_RULES, MARK } from "./rules.ts";
import { RECORDINGS } from "./recordings.ts";
import type { Firing, RuleCase } from "./rule-case.ts";
import { RULE_CASES } from "./rule-cases.ts";
import { matchersOf, seriesOf } from "./series.ts";

export const RULES_FILE = "renewd.rules.yaml";

export function rulesDocument(runbooks: string): unknown {
  const alerts = ALL_RULES.flatMap(({ alert, summary, description, levels }) =>
    levels.map(({ severity, expr, hold }) => ({
      alert,
      expr,
      ...(hold === undefined ? {} : { for: hold }),
      labels: { severity, ...MARK },
      annotations: { summary, description, runbook_url: `${runbooks}#${alert.toLowerCase()}` },
    })),
  );
  return {
    groups: [
      // In this order, for a group's rules are evaluated one after the other.
      { name: "renewd", rules: [...RECORDINGS.map(({ record, expr }) => ({ record, expr })), ...alerts] },
    ],
  };
}

export function ruleTestsDocument(runbooks: string): unknown {
  return {
    rule_files: [RULES_FILE],
    evaluation_interval: "1m",
    tests: RULE_CASES.map((each) => testOf(each, runbooks)),
  };
}

function testOf({ name, world, checks, told }: RuleCase, runbooks: string): unknown {
  const until = Math.max(...checks.map(({ at }) => at));
  return {
    name,
    interval: "1m",
    input_series: seriesOf(world, until),
    promql_expr_test: checks.map(({ at, firing }) => ({
      expr: 'ALERTS{alertstate="firing"}',
      eval_time: `${at}m`,
      exp_samples: firing.map((each) => ({ labels: alertSeries(each), value: 1 })),
    })),
    alert_rule_test: told.map(({ at, alert, labels, summary, description }) => ({
      eval_time: `${at}m`,
      alertname: alert,
      exp_alerts: [
        {
          exp_labels: { ...labels, ...MARK },
          exp_annotations: { summary, description, runbook_url: `${runbooks}#${alert.toLowerCase()}` },
        },
      ],
    })),
  };
}

function alertSeries([alertname, severity, labels]: Firing): string {
  return `ALERTS${matchersOf({ alertname, alertstate: "firing", severity, ...labels, ...MARK })}`;
}
