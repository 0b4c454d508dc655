/** The settings file that `renewd init` writes: YAML with comments for whoever reads it next. Pure. */
import { DAY_MS, MINUTE_MS, parseDuration, SECOND_MS } from "../core/duration.ts";
import { scheduleOf } from "../core/schedule.ts";
import { type Answers, listOf } from "./init-questions.ts";

const TICK_MS: number = 30 * SECOND_MS;

/** A file that the person has to put in place. */
export interface Needed {
  /** As the settings name it. */
  readonly file: string;
  /** "the password of flowbot". */
  readonly what: string;
}

export function settingsText(answers: Answers): string {
  const sections = [
    head(answers),
    issuerSection(answers),
    storeSection(answers),
    policySection(answers),
    tokenSection(answers),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** What renewd reads its secrets from, by these answers. */
export function neededFiles(answers: Answers): readonly Needed[] {
  const { issuerType = "", username = "" } = answers;
  const at = (name: string): string => `${answers.secretsDir ?? "."}/${name}`;
  switch (issuerType) {
    case "flowauth":
      return [
        { file: at("flowauth_password"), what: `the password of ${username}` },
        { file: at("flowauth_public_key.pem"), what: "the public key that FlowAPI verifies tokens with (PEM)" },
      ];
    case "arvados":
      return [{ file: at("arvados_token"), what: "a token of the tokens' own user, or SystemRootToken" }];
    case "oauth2":
      return [{ file: at("oauth2_client_secret"), what: `the secret of the client ${answers.clientId ?? ""}` }];
    default:
      return [];
  }
}

function head({ dataDir = "" }: Answers): readonly string[] {
  return [
    "# Settings of renewd, begun by `renewd init`; `renewd check` validates them. What else can stand here is shown by",
    "# docs/settings.md and config/examples. Relative paths count from this file's folder.",
    "",
    "version: 1",
    "",
    "# The name of this renewd; it goes into the marks that it leaves at what it writes.",
    "instance: default",
    "",
    "# How often renewd looks whether something is due: cron with seconds.",
    'tick: "*/30 * * * * *"',
    "",
    "# What renewd remembers, tokens sealed. The key is generated beside it: keep a copy of that, apart from this.",
    "state:",
    `  url: ${scalar(`sqlite:${dataDir}/renewd.db`)}`,
    "",
    "# Health, metrics, the API and the dashboard, for this machine only.",
    "http:",
    "  listen: 127.0.0.1:8080",
    "",
    "# Who is told when something is wrong: docs/alerts.md has the channels, `renewd alert-test` tries them.",
    "# alerts: { … }",
  ];
}

function issuerSection(answers: Answers): readonly string[] {
  const [first, second] = neededFiles(answers).map(({ file }) => `{ file: ${scalar(file)} }`);
  const url = scalar(answers.url ?? "");
  const issuers = (...lines: readonly string[]): readonly string[] => ["# Who mints the token.", "issuers:", ...lines];
  switch (answers.issuerType ?? "") {
    case "flowauth":
      return issuers(
        "  flowauth:",
        "    type: flowauth",
        `    url: ${url}`,
        `    username: ${scalar(answers.username ?? "")} # the token belongs to this user`,
        `    password: ${first}`,
        "    # totp: { file: … } # when the account has two-factor authentication",
        "    # Every fresh token is proved with the key that FlowAPI itself verifies with (PUBLIC_JWT_SIGNING_KEY).",
        `    public_keys: [${second}]`,
      );
    case "arvados":
      return issuers(
        "  arvados:",
        "    type: arvados",
        `    url: ${url}`,
        `    token: ${first} # of the tokens' own user, or SystemRootToken`,
      );
    case "oauth2":
      return issuers(
        "  oauth2:",
        "    type: oauth2",
        `    issuer: ${url} # endpoints and keys are found by it`,
        `    client_id: ${scalar(answers.clientId ?? "")}`,
        "    auth: client_secret_basic # or client_secret_post; private_key_jwt with `private_key`",
        `    client_secret: ${first}`,
      );
    default:
      return issuers(...embedded(answers));
  }
}

function embedded({ dataDir = "", server = "", role = "", lifetime = "" }: Answers): readonly string[] {
  const name = scalar(server);
  const roles = listOf(role).map(scalar);
  return [
    "  # An issuer that renewd runs itself, on this machine only. In earnest declare yours in its place.",
    "  embedded:",
    "    type: embedded",
    "    listen: 127.0.0.1:8081",
    `    db: ${scalar(`${dataDir}/issuer/issuer.db`)}`,
    "    username: flowbot # its password is generated beside the database",
    "    seed: # what the issuer knows at its first start",
    "      servers:",
    `        - { name: ${name}, max_life: ${lifetime} }`,
    "      roles:",
    ...roles.map((each) => `        - { server: ${name}, name: ${each}, max_life: ${lifetime}, scopes: [run] }`),
    "      users:",
    "        - name: flowbot",
    "          roles:",
    ...roles.map((each) => `            - { server: ${name}, role: ${each} }`),
  ];
}

function storeSection({ store, directory = "", region = "" }: Answers): readonly string[] {
  const lines =
    store === "aws"
      ? [
          "  aws:",
          "    type: aws-secrets-manager",
          `    region: ${scalar(region)}`,
          "    # Credentials come from where the AWS SDK finds them: the instance, the task role, the environment.",
        ]
      : ["  files:", "    type: file", `    directory: ${scalar(directory)}`];
  return ["# Where its consumer reads it.", "stores:", ...lines];
}

function policySection(answers: Answers): readonly string[] {
  const share = renewBefore(answers);
  return [
    `# When to renew. These are the defaults${share === 33 ? "" : ", but for `renew_before`: the token lives short"}.`,
    "policies:",
    "  default:",
    `    renew_before: ${share}% # of a token's life is left when its renewal starts`,
    "    jitter: 5% # of its life, at most, that a renewal may come earlier",
    "    repair: 24h # kept free before it is too late, for mending things by hand; less where tokens live short",
    '    # windows: [{ opens: "0 9 * * mon-fri", for: 8h, timezone: Europe/London }] # renew when somebody is there',
  ];
}

/** In percent. A token of few hours has to be asked for earlier, else each renewal begins when it counts as late. */
function renewBefore({ lifetime = "", hold = "", store, consumer }: Answers): number {
  const lifetimeMs = parseDuration(lifetime) ?? DAY_MS;
  if (lifetimeMs > DAY_MS / 6) return 33;
  const propagationMs = store !== "aws" ? 0 : (consumer === "other" ? 1 : 15) * MINUTE_MS;
  const policy = { renewBefore: { share: 1 / 3 }, jitter: { ms: 0 }, repairMs: DAY_MS };
  const uses = [{ holdMs: parseDuration(hold) ?? 0, propagationMs }];
  const { latestAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u: 0 }, { policy, minIntervalMs: 0, uses });
  const share = (100 * (lifetimeMs - latestAt + 4 * TICK_MS)) / lifetimeMs;
  return Math.min(Math.max(Math.ceil(share), 33), 66);
}

function tokenSection(answers: Answers): readonly string[] {
  const { name = "", create } = answers;
  const issuer = answers.issuerType ?? "";
  return [
    "# The tokens to keep alive. The key is renewd's own name for it: `renewd status`, metrics and alerts say it.",
    "tokens:",
    `  ${scalar(name)}:`,
    `    issuer: ${issuer}`,
    ...(issuer === "oauth2" ? [] : [`    name: ${scalar(name)} # at the issuer, the same after each renewal`]),
    ...(issuer === "oauth2" ? [] : [`    create: ${create === "yes"} # may renewd mint it when the issuer has none?`]),
    `    request: ${request(answers)}`,
    "    targets:",
    ...target(answers),
  ];
}

function request({ issuerType, server = "", role = "", scope = "", lifetime = "" }: Answers): string {
  const list = (text: string): string => `[${listOf(text).map(scalar).join(", ")}]`;
  if (issuerType === "arvados") return `{ role: ${scalar(role)}, lifetime: ${lifetime} }`;
  if (issuerType === "oauth2") return `{ scope: ${list(scope)}, lifetime: ${lifetime} } # the server decides how long`;
  return `{ server: ${scalar(server)}, roles: ${list(role)}, lifetime: ${lifetime} }`;
}

function target({ store, consumer, directory = "", secretName = "", hold = "" }: Answers): readonly string[] {
  const secret = scalar(secretName);
  const held = `        hold: ${hold} # the longest that a consumer goes on using what it read`;
  const cached = "        propagation: 15m # Airflow's cache of secrets";
  const place = (label: string, ...lines: readonly string[]): readonly string[] => [
    `      ${label}: # a label of your choice`,
    `        store: ${store === "aws" ? "aws" : "files"}`,
    ...lines,
    held,
  ];
  if (consumer === "airflow-variable" && store === "aws")
    return place(
      "airflow",
      `        secret: ${scalar(`airflow/variables/${secretName}`)} # Airflow's Variable ${secretName}, by SecretsManagerBackend`,
      "        create: true # make the secret when there is none yet",
      cached,
    );
  if (consumer === "airflow-variable")
    return place(
      "airflow",
      "        # Airflow: [secrets] backend = airflow.secrets.local_filesystem.LocalFilesystemBackend,",
      "        # with this file as variables_file_path.",
      "        secret: variables.json",
      `        key: ${secret} # Airflow's Variable; other keys of the file are left alone`,
      '        mode: "0640" # of a new file: let Airflow\'s group read it',
      "        # Airflow runs as another user? Then make the folder first, for its group to enter:",
      `        # install -d -m 2750 -g airflow ${directory}`,
    );
  if (consumer === "airflow-connection")
    return place(
      "airflow",
      "        # Make this secret first, with all but the password, such as",
      '        # {"conn_type": "http", "host": "flowapi.example.org"}; renewd writes the password into it.',
      `        secret: ${scalar(`airflow/connections/${secretName}`)}`,
      "        key: password",
      "        adopt: true # although renewd did not make the secret",
      cached,
    );
  const creates = store === "aws" ? ["        create: true # make the secret when there is none yet"] : [];
  return place("consumer", `        secret: ${secret}`, ...creates);
}

/** As YAML reads it back as this very text. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z./][\w./@:+-]*$/.test(text) && !text.endsWith(":");
  return isPlain && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}
