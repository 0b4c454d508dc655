/** What fires when the daemon, its settings, its channels or the services that it needs are not well. */
import {
  after,
  critical,
  EXPIRED,
  HALF_MIN,
  HERE,
  LATE_CRITICAL,
  LATE_WARNING,
  loud,
  MISSED,
  RENEWED,
  type RuleCase,
  SCRAPED,
  warning,
} from "./rule-case.ts";
import { DEADLINE_MIN, daemon, of, silent, token, well } from "./series.ts";

export const OF_DAEMON: readonly RuleCase[] = [
  loud(
    "RenewdAbsent",
    "gone, and with it the renewal of its token; back again",
    silent(new Map([...daemon(), ...token(RENEWED)]), 895, 1_500),
    {
      899: [],
      901: [critical("RenewdAbsent", HERE)],
      [HALF_MIN + 7]: [critical("RenewdAbsent", HERE), LATE_WARNING],
      [DEADLINE_MIN + 1]: [critical("RenewdAbsent", HERE), LATE_WARNING, LATE_CRITICAL, MISSED],
      1_441: [critical("RenewdAbsent", HERE), LATE_WARNING, LATE_CRITICAL, EXPIRED],
      1_501: [],
    },
    {
      at: 901,
      summary: "renewd cannot be scraped",
      description:
        "Nothing has been heard of renewd for 5 minutes: no token is renewed until it runs again. What each consumer holds stays valid until its deadline; the alerts of its tokens go on from what it said last.",
    },
  ),
  loud("RenewdAbsent", "never seen", new Map(), { 4: [], 6: [critical("RenewdAbsent", {})] }),
  loud("RenewdAbsent", "gone for more than a week", silent(well(), 10), {
    10_070: [critical("RenewdAbsent", HERE), LATE_WARNING, LATE_CRITICAL, EXPIRED],
    10_100: [critical("RenewdAbsent", {})],
  }),
  loud(
    "RenewdNotSweeping",
    "it hangs",
    well(
      new Map([
        [
          of("sweep_lag_seconds"),
          [
            [10, 12],
            [40, 12, 60],
            [9_000, 12],
          ],
        ],
      ]),
    ),
    { 19: [], 22: [critical("RenewdNotSweeping", SCRAPED)], 51: [] },
    {
      at: 22,
      summary: "renewd a:8080 runs but does not look at its tokens",
      description: "It has not looked at its tokens for more than 5 minutes, or not at all since its start.",
    },
  ),
  loud(
    "RenewdNotSweeping",
    "it never began",
    well(
      new Map([
        [of("sweep_lag_seconds"), []],
        [of("last_sweep_timestamp_seconds"), []],
      ]),
    ),
    { 4: [], 6: [critical("RenewdNotSweeping", SCRAPED)] },
  ),
  loud(
    "RenewdSettingsRefused",
    "a bad edit, mended an hour later",
    well(
      new Map([
        [
          of("settings_last_reload_successful"),
          [
            [5, 1],
            [60, 0],
            [9_000, 1],
          ],
        ],
      ]),
    ),
    { 14: [], 16: [warning("RenewdSettingsRefused", SCRAPED)], 66: [] },
    {
      at: 16,
      summary: "renewd a:8080 refused its settings file",
      description:
        "The settings file as it is now was refused; the old settings are in force. `renewd check` says why.",
    },
  ),
  loud(
    "RenewdChannelFailing",
    "one channel, then all of them",
    well(
      new Map([
        [of("channel_failures", { channel: "mail" }), after(10, [100, 3], [9_000, 0])],
        [of("channel_failures", { channel: "pager" }), after(60, [50, 3], [9_000, 0])],
      ]),
    ),
    {
      24: [],
      26: [warning("RenewdChannelFailing", { ...HERE, channel: "mail" })],
      65: [warning("RenewdChannelFailing", { ...HERE, channel: "mail" })],
      76: [
        warning("RenewdChannelFailing", { ...HERE, channel: "mail" }),
        warning("RenewdChannelFailing", { ...HERE, channel: "pager" }),
        critical("RenewdChannelFailing", HERE),
      ],
      111: [],
    },
    {
      at: 26,
      summary: "renewd cannot tell people over mail",
      description: "It has failed for 15 minutes: what renewd says there does not arrive.",
    },
  ),
  loud(
    "RenewdIssuerFailing",
    "down for an hour",
    well(new Map([[of("service_failures", { kind: "issuer", service: "flowauth" }), after(10, [60, 7], [9_000, 0])]])),
    { 39: [], 41: [warning("RenewdIssuerFailing", { ...HERE, kind: "issuer", service: "flowauth" })], 71: [] },
    {
      at: 41,
      summary: "The issuer flowauth fails",
      description: "It has failed for 30 minutes, 7 times in a row; none of its tokens can be renewed.",
    },
  ),
  loud(
    "RenewdStoreFailing",
    "down for an hour",
    well(new Map([[of("service_failures", { kind: "store", service: "aws" }), after(10, [60, 7], [9_000, 0])]])),
    { 39: [], 41: [warning("RenewdStoreFailing", { ...HERE, kind: "store", service: "aws" })], 71: [] },
    {
      at: 41,
      summary: "The store aws fails",
      description: "It has failed for 30 minutes, 7 times in a row; nothing can be delivered there.",
    },
  ),
];
