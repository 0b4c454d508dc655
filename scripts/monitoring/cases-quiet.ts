/** When nothing may fire. */
import { always, after, healthy, quiet, RENEWED, type RuleCase } from "./rule-case.ts";
import { daemon, JOB, of, silent, token, well, type World } from "./series.ts";

const FAILED = of("renewals_total", { token: "airflow", result: "failed" });
const restarted: World = new Map([
  ...silent(healthy, 300, 304),
  [
    FAILED,
    [
      [300, 0, 1],
      [4, null],
      [9_000, 0, 1],
    ],
  ],
]);

export const QUIET: readonly RuleCase[] = [
  quiet("two renewals of a healthy token", healthy, [10, 600, 901, 903, 910, 1_261, 1_441, 1_803, 1_806, 2_200]),
  quiet("a restart, after which counters begin anew", restarted, [299, 301, 303, 304, 310, 400]),
  quiet(
    "a restart as another pod, while a renewal is under way",
    new Map([
      ...silent(healthy, 901),
      ...silent(
        new Map([...daemon({ ...JOB, instance: "b:8080" }), ...token(RENEWED, { ...JOB, instance: "b:8080" })]),
        0,
        904,
      ),
    ]),
    [903, 905, 908, 1_261, 1_441],
  ),
  quiet(
    "a token of which no target was ever filled yet, and one that does not exist yet",
    new Map([
      ...daemon(),
      ...[...token([{ minutes: 9_000, startMin: 0, deliveredMin: 9_000 }])].filter(
        ([name]) => !name.includes("deadline"),
      ),
      [of("token_failures", { token: "new" }), always(0)],
    ]),
    [5, 60, 600],
  ),
  quiet(
    "failures that are over within half an hour",
    well(
      new Map([
        [of("token_failures", { token: "airflow" }), after(905, [25, 6], [9_000, 0])],
        [of("target_failures", { token: "airflow", target: "ireland" }), after(200, [25, 4], [9_000, 0])],
        [of("service_failures", { kind: "issuer", service: "flowauth" }), after(905, [25, 6], [9_000, 0])],
        [of("channel_failures", { channel: "mail" }), after(100, [12, 2], [9_000, 0])],
      ]),
    ),
    [110, 220, 929, 960],
  ),
  quiet(
    "a single failure after which nothing is asked or told any more",
    well(
      new Map([
        [of("service_failures", { kind: "issuer", service: "flowauth" }), after(10, [9_000, 1])],
        [of("service_failures", { kind: "store", service: "aws" }), after(10, [9_000, 1])],
        [of("channel_failures", { channel: "mail" }), after(10, [9_000, 1])],
        [of("channel_failures", { channel: "pager" }), after(10, [9_000, 1])],
      ]),
    ),
    [12, 30, 120],
  ),
  quiet(
    "a person's renewal failed before any was due",
    well(new Map([[of("token_failures", { token: "airflow" }), after(60, [9_000, 3])]])),
    [120, 800],
  ),
  quiet(
    "a token that left the settings, long after its last deadline",
    new Map([...daemon(), ...silent(token(RENEWED), 500)]),
    [501, 1_300, 1_500],
  ),
  quiet(
    "incidents that only inform, and one that is over",
    well(
      new Map([
        [of("incidents_open", { token: "airflow", reason: "scopes_gained" }), always(1)],
        [of("incident_severity", { token: "airflow", reason: "scopes_gained" }), always(1)],
        [
          of("incidents_open", { token: "airflow", reason: "drift" }),
          [
            [4, 1],
            [9_000, 0],
          ],
        ],
        [
          of("incident_severity", { token: "airflow", reason: "drift" }),
          [
            [4, 2],
            [9_000, 0],
          ],
        ],
      ]),
    ),
    [5, 30, 300],
  ),
];
