/** What fires when a token or one of its targets is in danger. */
import {
  after,
  AIRFLOW,
  critical,
  EXPIRED,
  HALF_MIN,
  HERE,
  IRELAND,
  LATE_CRITICAL,
  LATE_WARNING,
  loud,
  MISSED,
  MOST_MIN,
  type RuleCase,
  warning,
} from "./rule-case.ts";
import { DEADLINE_MIN, daemon, of, silent, token, well, type World } from "./series.ts";

/** Due at 900, and only renewed when all is lost already. */
const forgotten = token([
  { minutes: 1_500, startMin: 0, deliveredMin: 0 },
  { minutes: 9_000, startMin: 1_500, deliveredMin: 1 },
]);
const undelivered: World = new Map([
  ...daemon(),
  ...token([
    { minutes: 902, startMin: 0, deliveredMin: 0 },
    { minutes: 900, startMin: 902, deliveredMin: 340 },
  ]),
]);
const SAFE = "1970-01-01 21:00:00 +0000 UTC";

export const OF_TOKENS: readonly RuleCase[] = [
  loud(
    "RenewdTokenLate",
    "not renewed: warned at half, grave at 80 %",
    new Map([...daemon(), ...forgotten]),
    {
      [HALF_MIN + 4]: [],
      [HALF_MIN + 7]: [LATE_WARNING],
      [MOST_MIN + 4]: [LATE_WARNING],
      [MOST_MIN + 7]: [LATE_WARNING, LATE_CRITICAL],
      [DEADLINE_MIN]: [LATE_WARNING, LATE_CRITICAL],
    },
    {
      at: HALF_MIN + 7,
      summary: "airflow is not renewed yet",
      description: `51.94% of the time between its planned renewal and its deadline is used up. Readers that start before ${SAFE} are safe.`,
    },
  ),
  loud(
    "RenewdTokenDeadlineMissed",
    "told with its target, over when a new one is there",
    new Map([...daemon(), ...forgotten]),
    { [DEADLINE_MIN + 1]: [LATE_WARNING, LATE_CRITICAL, MISSED], 1_502: [] },
    {
      at: DEADLINE_MIN + 1,
      summary: "airflow -> ireland: readers get a token that ends too early for them",
      description:
        "For 1m 0s readers have got less life than their `hold`. What they get expires 1970-01-02 00:00:00 +0000 UTC.",
    },
  ),
  loud(
    "RenewdTokenExpired",
    "told with its target",
    new Map([...daemon(), ...forgotten]),
    { 1_439: [LATE_WARNING, LATE_CRITICAL, MISSED], 1_441: [LATE_WARNING, LATE_CRITICAL, EXPIRED] },
    {
      at: 1_441,
      summary: "airflow -> ireland: its token has expired",
      description: "Readers have held an expired token for 1m 0s.",
    },
  ),
  loud(
    "RenewdTargetBehind",
    "a new token does not arrive; the token itself is not late",
    undelivered,
    {
      1_085: [],
      1_088: [warning("RenewdTargetBehind", IRELAND)],
      1_192: [warning("RenewdTargetBehind", IRELAND)],
      1_196: [warning("RenewdTargetBehind", IRELAND), critical("RenewdTargetBehind", IRELAND)],
      1_244: [],
    },
    {
      at: 1_088,
      summary: "airflow -> ireland still holds the old token",
      description: `A newer token is verified and has not reached it. Readers that start before ${SAFE} are safe.`,
    },
  ),
  loud(
    "RenewdRenewalFailing",
    "due and failing, through a restart",
    silent(well(new Map([[of("token_failures", { token: "airflow" }), after(901, [120, 5], [9_000, 0])]])), 905, 906),
    { 930: [], 940: [warning("RenewdRenewalFailing", AIRFLOW)], 1_022: [] },
    {
      at: 940,
      summary: "airflow: its renewal fails",
      description: `It is due and has failed for 30 minutes without a success, 5 times in a row. Readers that start before ${SAFE} are safe.`,
    },
  ),
  loud(
    "RenewdRenewalFailing",
    "the first token cannot be made, so nobody has a deadline",
    new Map([...daemon(), [of("token_failures", { token: "new" }), after(5, [90, 3], [9_000, 0])]]),
    { 34: [], 36: [warning("RenewdRenewalFailing", { ...HERE, token: "new" })], 96: [] },
    {
      at: 36,
      summary: "new: its renewal fails",
      description: "It is due and has failed for 30 minutes without a success, 3 times in a row.",
    },
  ),
  loud(
    "RenewdDeliveryFailing",
    "a target that cannot be written",
    well(new Map([[of("target_failures", { token: "airflow", target: "ireland" }), after(10, [60, 5], [9_000, 0])]])),
    { 39: [], 41: [warning("RenewdDeliveryFailing", IRELAND)], 71: [] },
    {
      at: 41,
      summary: "airflow -> ireland: reading or writing it fails",
      description: "It has failed for 30 minutes without a success, 5 times in a row.",
    },
  ),
];
