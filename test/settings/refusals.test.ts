import { describe, expect, test } from "vitest";
import { renderProblems } from "../../src/settings/load.ts";
import { edited, GOOD, positionOf, problemsOf } from "./support.ts";

interface Refusal {
  readonly what: string;
  /** In GOOD, and what stands there instead; `@@` marks where the problem is to be shown. */
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: "another version of the format",
    from: "version: 1",
    to: "version: @@2",
    path: "version",
    message: /is not 1/,
    hint: /Write 1/,
  },
  {
    what: "an alert channel of no known type",
    from: "version: 1",
    to: "version: 1\nalerts: { channels: { team: { type: @@slak, url: { env: HOOK } } } }",
    path: "alerts.channels.team.type",
    message: /no such type of alert channel/,
    hint: /Did you mean `slack`\?/,
  },
  {
    what: "a route to a channel that is not declared",
    from: "version: 1",
    to: "version: 1\nalerts: { channels: { team: { type: slack, url: { env: HOOK } } }, routes: [{ to: [@@taem] }] }",
    path: "alerts.routes[0].to[0]",
    message: /no alert channel `taem` is declared/,
    hint: /Did you mean `team`\?/,
  },
  {
    what: "a route by a label that no alert has",
    from: "version: 1",
    to: "version: 1\nalerts: { channels: { team: { type: slack, url: { env: HOOK } } }, routes: [{ to: [team], match: { @@squad: data } }] }",
    path: "alerts.routes[0].match.squad",
    message: /is a label that no alert has/,
    hint: /There are alertname, instance/,
  },
  {
    what: "a label of a token that every alert has already",
    from: "name: airflow-flowapi",
    to: "labels: { @@severity: low }\n    name: airflow-flowapi",
    path: "tokens.airflow.labels.severity",
    message: /is renewd's own label/,
    hint: /choose another/,
  },
  {
    what: "an unknown section",
    from: "version: 1",
    to: "version: 1\n@@alert: {}",
    path: "alert",
    message: /unknown key `alert`/,
    hint: /Did you mean `alerts`\?/,
  },
  {
    what: "an unknown key of a target, although its store has keys of its own",
    from: "propagation: 15m",
    to: "@@propogation: 15m",
    path: "tokens.airflow.targets.manager.propogation",
    message: /unknown key/,
    hint: /Did you mean `propagation`\?/,
  },
  {
    what: "an unknown key of an issuer's options",
    from: "username: flowbot",
    to: "username: flowbot\n    @@timeot: 10s",
    path: "issuers.flowauth.timeot",
    message: /unknown key/,
    hint: /Did you mean `timeout`\?/,
  },
  {
    what: "a camelCase key",
    from: "renew_before: 33%",
    to: "@@renewBefore: 33%",
    path: "policies.office.renewBefore",
    message: /unknown key/,
    hint: /Did you mean `renew_before`\?/,
  },
  {
    what: "a literal password",
    from: "password: { file: ./password }",
    to: "password: @@hunter2",
    path: "issuers.flowauth.password",
    message: /a secret is \{ env \}, \{ file \} or \{ command: \[argv\] \}, never a literal/,
    hint: /\{ file: PATH \}/,
  },
  {
    what: "a secret with two sources",
    from: "{ env: OLD_KEY }",
    to: "@@{ env: OLD_KEY, file: ./old }",
    path: "state.keys[1]",
    message: /exactly one of/,
    hint: /\{ env: NAME \}/,
  },
  {
    what: "a number where a duration belongs",
    from: "repair: 24h",
    to: "repair: @@24",
    path: "policies.office.repair",
    message: /is not a duration/,
    hint: /a unit \(s, m, h or d\), such as 90s, 15m, 6h or 30d/,
  },
  {
    what: "a missing hold",
    from: "hold: 1h",
    to: "observe: 5m",
    path: "tokens.notebooks.targets.env.hold",
    message: /`hold` is required/,
    hint: /longest a consumer goes on using/,
  },
  {
    what: "an issuer that is not declared",
    from: "  notebooks:\n    issuer: flowauth",
    to: "  notebooks:\n    issuer: @@flowuth",
    path: "tokens.notebooks.issuer",
    message: /no issuer `flowuth` is declared/,
    hint: /Did you mean `flowauth`\?/,
  },
  {
    what: "a store that is not declared",
    from: "store: aws",
    to: "store: @@awz",
    path: "tokens.airflow.targets.manager.store",
    message: /no store `awz` is declared/,
    hint: /Did you mean `aws`\?/,
  },
  {
    what: "a policy that is not declared",
    from: "policy: office",
    to: "policy: @@ofice",
    path: "tokens.airflow.policy",
    message: /no policy `ofice` is declared/,
    hint: /Did you mean `office`\?/,
  },
  {
    what: "a type of store that does not exist",
    from: "type: file,",
    to: "type: @@flie,",
    path: "stores.files.type",
    message: /no such type of store: `flie`/,
    hint: /Did you mean `file`\?/,
  },
  {
    what: "two tokens that are one at the issuer",
    from: "  notebooks:\n    issuer: flowauth",
    to: "  @@notebooks:\n    name: airflow-flowapi\n    issuer: flowauth",
    path: "tokens.notebooks",
    message: /the same token as `airflow`/,
    hint: /its own `name`/,
  },
  {
    what: "two targets on one file",
    from: "secret: .env, format: dotenv, key: FLOWAPI_TOKEN",
    to: "secret: FLOWAPI_TOKEN",
    path: "tokens.notebooks.targets.env",
    message: /same secret as target `folder` of token `airflow`/,
    hint: /its own secret/,
  },
  {
    what: "a raw target and a key of one file",
    from: "secret: .env, format: dotenv",
    to: "secret: FLOWAPI_TOKEN, format: json",
    path: "tokens.notebooks.targets.env",
    message: /same secret as target `folder` of token `airflow`/,
    hint: /its own secret/,
  },
  {
    what: "a key in a raw file",
    from: "format: dotenv, key: FLOWAPI_TOKEN",
    to: "format: raw, key: @@FLOWAPI_TOKEN",
    path: "tokens.notebooks.targets.env.key",
    message: /the format is raw/,
    hint: /Remove `key`/,
  },
  {
    what: "a keyed format without a key",
    from: "format: dotenv, key: FLOWAPI_TOKEN",
    to: "format: @@json",
    path: "tokens.notebooks.targets.env.format",
    message: /no `key` is given/,
    hint: /Add the `key`/,
  },
  {
    what: "a token without a target",
    from: "targets:\n      env: { store: files, secret: .env, format: dotenv, key: FLOWAPI_TOKEN }",
    to: "@@targets: {}",
    path: "tokens.notebooks.targets",
    message: /has no target/,
    hint: /at least one place/,
  },
  {
    what: "a key that could not be a label",
    from: "  notebooks:",
    to: "  @@Note Books:",
    path: 'tokens["Note Books"]',
    message: /is not a key/,
    hint: /a-z 0-9/,
  },
  {
    what: "PostgreSQL",
    from: "url: sqlite:./state/renewd.db",
    to: "url: @@postgres://renewd@db/renewd",
    path: "state.url",
    message: /not in this version/,
    hint: /sqlite:/,
  },
  {
    what: "a state in memory",
    from: "url: sqlite:./state/renewd.db",
    to: 'url: @@"sqlite::memory:"',
    path: "state.url",
    message: /not the address of a SQLite file/,
    hint: /sqlite:\.\/renewd\.db/,
  },
  {
    what: "an address to listen on without a port",
    from: "listen: 127.0.0.1:8080",
    to: "listen: @@127.0.0.1",
    path: "http.listen",
    message: /is not an address/,
    hint: /host:port/,
  },
  {
    what: "an unknown role",
    from: "role: operator",
    to: "role: @@admin",
    path: "http.tokens.ops.role",
    message: /is none of viewer, operator, metrics/,
    hint: /viewer/,
  },
  {
    what: "a tick of five fields",
    from: 'tick: "*/30 * * * * *"',
    to: 'tick: @@"*/30 * * * *"',
    path: "tick",
    message: /six fields/,
    hint: /second, minute, hour/,
  },
  {
    what: "a tick that is no cron expression",
    from: 'tick: "*/30 * * * * *"',
    to: 'tick: @@"61 * * * * *"',
    path: "tick",
    message: /not a cron expression/,
    hint: /second, minute, hour/,
  },
  {
    what: "a tick that sleeps through the night",
    from: 'tick: "*/30 * * * * *"',
    to: 'tick: @@"0 * 8-18 * * *"',
    path: "tick",
    message: /more than an hour/,
    hint: /hours and days at \*/,
  },
  {
    what: "a window of six fields",
    from: 'opens: "0 9 * * mon-fri"',
    to: 'opens: @@"0 0 9 * * mon-fri"',
    path: "policies.office.windows[0].opens",
    message: /five fields/,
    hint: /minute, hour, day/,
  },
  {
    what: "a window on a day that never comes",
    from: 'opens: "0 9 * * mon-fri"',
    to: 'opens: @@"0 9 31 2 *"',
    path: "policies.office.windows[0].opens",
    message: /not a cron expression/,
    hint: /minute, hour, day/,
  },
  {
    what: "an unknown time zone",
    from: "timezone: Europe/London",
    to: "timezone: @@Europe/Londn",
    path: "policies.office.windows[0].timezone",
    message: /is not a time zone/,
    hint: /IANA/,
  },
  {
    what: "a hold longer than the lifetime, with the arithmetic",
    from: "hold: 6h\n        propagation: 15m",
    to: "hold: @@30d\n        propagation: 15m",
    path: "tokens.airflow.targets.manager.hold",
    message: /hold 30 d \+ propagation 15 min \+ leeway 1 min = 30 d 16 min, but a token lives only 30 d/,
    hint: /`request.lifetime` of well over 30 d 16 min, or lower `hold` well below 29 d 23 h 44 min/,
  },
  {
    what: "windows that stay closed for longer than a renewal can wait, with the arithmetic",
    from: 'opens: "0 9 * * mon-fri"',
    to: 'opens: "0 9 1 * *"',
    path: "tokens.airflow.policy",
    message:
      /closed for up to 30 d 17 h, but renewal must start within 8 d 15 h 20 min: it is due 20 d 2 h 24 min after the issue/,
    hint: /Open a window more often/,
  },
  {
    what: "what a store's own schema refuses",
    from: "secret: FLOWAPI_TOKEN\n",
    to: "secret: @@../FLOWAPI_TOKEN\n",
    path: "tokens.airflow.targets.folder.secret",
    message: /plain file name/,
    hint: /./,
  },
];

test.each(REFUSALS)("refuses $what", ({ from, to, path, message, hint }) => {
  const text = edited(from, to.replace("@@", ""));
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  const [problem] = problems;
  expect(problem).toMatchObject({ path, message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
  if (to.includes("@@")) expect(problem).toMatchObject(positionOf(edited(from, to), "@@"));
});

test("tells all problems at once, in the order of the file", () => {
  const text = edited("renew_before: 33%", "renew_before: soon")
    .replace("role: operator", "role: admin")
    .replace("store: aws", "store: awz");
  expect(problemsOf(text).map((each) => each.path)).toEqual([
    "http.tokens.ops.role",
    "policies.office.renew_before",
    "tokens.airflow.targets.manager.store",
  ]);
});

describe("a key called __proto__ is refused, not dropped unseen", () => {
  test.each([
    ["a token", "  notebooks:\n", "  __proto__:\n"],
    ["a target", "      folder:\n", "      __proto__:\n"],
    ["a policy", "policies:\n", "policies:\n  __proto__: {}\n"],
    ["an option of a store", "type: file,", "type: file, __proto__: 1,"],
    ["a default", "hold: 1h }", "hold: 1h, __proto__: { a: 1 } }"],
    ["an API token", "{ ops:", "{ __proto__: { role: viewer }, ops:"],
  ])("%s", (_, from, to) => {
    const text = edited(from, to);
    expect(problemsOf(text)).toMatchObject([positionOf(text, "__proto__")]);
  });
});

test.each(["\\e[2J", "\\u0007", "\\u202e"])("shows a key with the control character %s without it", (escape) => {
  const problems = problemsOf(`${GOOD}"${escape}": 1\n`);
  expect(problems).toHaveLength(1);
  for (const { message, hint, path } of problems) expect(`${message}${hint}${path}`).not.toMatch(/\p{C}/u);
});

test("shows what a reference names without its control characters", () => {
  const problems = problemsOf(edited("policy: office", 'policy: "\\e[2J"'));
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).not.toMatch(/\p{C}/u);
});

test("words the first thousand of very many problems and counts the others", () => {
  const tokens = Array.from({ length: 2_000 }, (_, index) => `  t${index}: { issuer: none }\n`).join("");
  const problems = problemsOf(edited("tokens:\n", `tokens:\n${tokens}`));
  expect(problems).toHaveLength(1_001);
  const [last] = problems.slice(-1);
  expect(last?.message).toMatch(/^\d+ more problems were found$/);
  // Each token lacks a declared issuer, a request and targets, which is told in four problems.
  expect(renderProblems(problems)).toMatch(/\nand 7950 more$/);
});

test("tells a mistake that many tokens inherit once, where it stands", () => {
  const text = edited("hold: 1h", "hold: 1 hour").replace(
    "defaults:",
    "  third:\n    issuer: flowauth\n    request: { server: flowapi, roles: [viewer], lifetime: 30d }\n" +
      "    targets: { a: { store: files, secret: third } }\ndefaults:",
  );
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject(positionOf(text, "1 hour"));
});

test("shows what was merged with << where it stands", () => {
  const text = edited("hold: 6h\nstate:", "hold: 6 hours\nstate:");
  expect(problemsOf(text)).toMatchObject([
    { path: "tokens.airflow.targets.folder.hold", ...positionOf(text, "6 hours") },
  ]);
});
