/** What `renewd init` has to know, what each thing means, and what is proposed. Every question is a flag too. */
import { formatDuration, parseDuration } from "../core/duration.ts";

export const ISSUER_TYPES = ["flowauth", "embedded", "arvados", "oauth2"] as const;
export const STORE_TYPES = ["file", "aws"] as const;
export const CONSUMERS = ["airflow-variable", "airflow-connection", "other"] as const;

export type Flag =
  | "issuerType"
  | "url"
  | "username"
  | "clientId"
  | "server"
  | "role"
  | "scope"
  | "lifetime"
  | "name"
  | "create"
  | "store"
  | "directory"
  | "region"
  | "consumer"
  | "secretName"
  | "hold"
  | "dataDir"
  | "secretsDir";

export type Answers = Readonly<Partial<Record<Flag, string>>>;

export interface Question {
  readonly flag: Flag;
  /** How a person is asked. */
  readonly ask: string;
  /** One or two sentences on what it means. */
  readonly why: string;
  readonly choices?: (answers: Answers) => readonly string[];
  /** Whether it means anything, given the answers so far. */
  readonly when?: (answers: Answers) => boolean;
  /** Undefined where nothing can be proposed; "" may be a good answer. */
  readonly propose: (answers: Answers, place: Place) => string | undefined;
  /** What is wrong with an answer. */
  readonly refuse?: (text: string, answers: Answers) => string | undefined;
}

/** Where the file will lie, as far as it matters for what is proposed. */
export interface Place {
  /** Under /etc: an installation of the machine, not of a folder. */
  readonly isSystem: boolean;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const is =
  (...types: readonly string[]) =>
  ({ issuerType }: Answers): boolean =>
    types.includes(issuerType ?? "");

const needed = (text: string): string | undefined => (text === "" ? "this has no default; give one" : undefined);

function refuseUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "")
    return "write an address such as https://flowauth.example.org";
  return url.username === "" && url.password === "" ? undefined : "leave user and password out of the address";
}

function refuseDuration(text: string): string | undefined {
  return (parseDuration(text) ?? 0) > 0 ? undefined : "write a number and a unit, such as 90s, 15m, 6h or 30d";
}

/** A sixth of the lifetime, in whole minutes, and never more than a long pipeline takes. */
function proposedHold({ lifetime = "" }: Answers): string {
  const minutes = Math.floor((parseDuration(lifetime) ?? 0) / 6 / 60_000);
  return minutes >= 360 ? "6h" : minutes >= 60 ? `${Math.floor(minutes / 60)}h` : `${Math.max(minutes, 1)}m`;
}

export const listOf = (text: string): readonly string[] => text.split(/[\s,]+/).filter((each) => each !== "");

export const QUESTIONS: readonly Question[] = [
  {
    flag: "issuerType",
    ask: "Who issues the token",
    why: "flowauth: Flowminder's FlowAuth. embedded: a small FlowAuth that renewd brings along, to try it out. arvados: an Arvados cluster. oauth2: client credentials of any OAuth2 server. For others see docs/http-issuer.md.",
    choices: () => ISSUER_TYPES,
    propose: () => "flowauth",
  },
  {
    flag: "url",
    ask: "The issuer's address",
    why: "As renewd reaches it; for oauth2 the issuer's name, by which its endpoints are found.",
    when: is("flowauth", "arvados", "oauth2"),
    propose: () => undefined,
    refuse: refuseUrl,
  },
  {
    flag: "username",
    ask: "The user that renewd signs in as",
    why: "The token belongs to this user. Its password is not asked for: the settings name the file where it will be.",
    when: is("flowauth"),
    propose: () => undefined,
    refuse: needed,
  },
  {
    flag: "clientId",
    ask: "The client's id",
    why: "Its secret is not asked for: the settings name the file where it will be.",
    when: is("oauth2"),
    propose: () => undefined,
    refuse: needed,
  },
  {
    flag: "server",
    ask: "The server that the token is for",
    why: "As the issuer calls it.",
    when: is("flowauth", "embedded"),
    propose: ({ issuerType }) => (issuerType === "embedded" ? "flowapi-local" : undefined),
    refuse: needed,
  },
  {
    flag: "role",
    ask: "The token's roles",
    why: "As the issuer calls them, with commas between; for arvados one preset (`renewd presets` tells what each may do).",
    when: is("flowauth", "embedded", "arvados"),
    propose: ({ issuerType }) =>
      issuerType === "arvados" ? "keep-balance" : issuerType === "embedded" ? "viewer" : undefined,
    refuse: (text, { issuerType }) =>
      listOf(text).length === 0 || (issuerType === "arvados" && listOf(text).length > 1)
        ? issuerType === "arvados"
          ? "name one preset"
          : "name at least one role"
        : undefined,
  },
  {
    flag: "scope",
    ask: "The token's scopes",
    why: "With commas between; none is a good answer where the server knows what the client may do.",
    when: is("oauth2"),
    propose: () => "",
  },
  {
    flag: "lifetime",
    ask: "How long a token lives",
    why: "renewd asks for so much; an OAuth2 server decides by itself, so write what it grants.",
    propose: ({ issuerType }) => (issuerType === "oauth2" ? "1h" : issuerType === "embedded" ? "1d" : "30d"),
    refuse: refuseDuration,
  },
  {
    flag: "name",
    ask: "The token's name",
    why: "The issuer's list, `renewd status`, metrics and alerts all use it, and it stays the same over renewals.",
    propose: ({ issuerType, role = "" }) =>
      issuerType === "arvados" ? (listOf(role)[0] ?? "") : issuerType === "oauth2" ? "airflow-api" : "airflow-flowapi",
    refuse: (text) => (NAME.test(text) ? undefined : "use up to 63 of a-z 0-9 . _ - and begin with a letter or digit"),
  },
  {
    flag: "create",
    ask: "May renewd make the first one",
    why: "yes: where the issuer has no token of this name, renewd mints it. no: it waits until somebody has.",
    choices: () => ["yes", "no"],
    when: is("flowauth", "embedded", "arvados"),
    propose: () => "yes",
  },
  {
    flag: "dataDir",
    ask: "Where renewd keeps its state",
    why: "A folder of its own; the tokens in it are sealed.",
    propose: (_, { isSystem }) => (isSystem ? "/var/lib/renewd" : "./var"),
    refuse: needed,
  },
  {
    flag: "store",
    ask: "Where the consumer reads the token",
    why: "file: a folder of this machine. aws: AWS Secrets Manager.",
    choices: () => STORE_TYPES,
    propose: () => "file",
  },
  {
    flag: "directory",
    ask: "The folder for tokens",
    why: "renewd makes it, readable for its own user only, when it is missing. A relative path counts from the settings file.",
    when: ({ store }) => store === "file",
    // The folder above it has to be there already, as that of the settings file is.
    propose: ({ dataDir }, { isSystem }) => (isSystem ? `${dataDir ?? "/var/lib/renewd"}/tokens` : "./tokens"),
    refuse: needed,
  },
  {
    flag: "region",
    ask: "The AWS region",
    why: "Credentials come from where the AWS SDK finds them: the instance, the task role, the environment.",
    when: ({ store }) => store === "aws",
    propose: () => "eu-west-1",
    refuse: (text) => (/^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/.test(text) ? undefined : "write a region such as eu-west-1"),
  },
  {
    flag: "consumer",
    ask: "How the consumer reads it",
    why: "airflow-variable: as an Airflow variable. airflow-connection: as the password of an Airflow connection, in AWS only. other: the token alone.",
    choices: ({ store }) => (store === "file" ? CONSUMERS.filter((each) => each !== "airflow-connection") : CONSUMERS),
    propose: () => "airflow-variable",
  },
  {
    flag: "secretName",
    ask: "What the secret is called there",
    why: "The variable's or connection's name as DAGs use it; for other the name of the secret or file.",
    propose: ({ consumer, name = "" }) =>
      consumer === "other"
        ? name
        : consumer === "airflow-connection"
          ? name.replaceAll(/[^\w]/g, "_")
          : "FLOWAPI_TOKEN",
    refuse: (text, { consumer }) => {
      if (consumer === "other")
        return /^[\w+=@-][\w/+=.@-]{0,200}$/.test(text) ? undefined : "use letters, digits and _ + = . @ - only";
      return /^[A-Za-z_]\w{0,199}$/.test(text) ? undefined : "use letters, digits and _ only";
    },
  },
  {
    flag: "hold",
    ask: "How long a consumer goes on using what it read",
    why: "The longest task of any pipeline, for it keeps the token that it started with. renewd promises every reader so much life.",
    propose: proposedHold,
    refuse: (text, { lifetime = "" }) => {
      const wrong = refuseDuration(text);
      if (wrong !== undefined) return wrong;
      const lifetimeMs = parseDuration(lifetime) ?? Infinity;
      return (parseDuration(text) ?? 0) < lifetimeMs / 2
        ? undefined
        : `a token lives ${formatDuration(lifetimeMs)}; a reader can be promised well under half of that`;
    },
  },
  {
    flag: "secretsDir",
    ask: "The folder where the issuer's password will be",
    why: "Nothing is written there; the next steps say what to put.",
    when: is("flowauth", "arvados", "oauth2"),
    propose: (_, { isSystem }) => (isSystem ? "/run/secrets" : "./secrets"),
    refuse: needed,
  },
];

/** `secretName` -> `--secret-name`. */
export function flagText(flag: Flag): string {
  return `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Why a text is no answer to a question; undefined when it is one. */
export function objection(question: Question, text: string, answers: Answers): string | undefined {
  const choices = question.choices?.(answers);
  if (choices !== undefined) return choices.includes(text) ? undefined : `choose one of ${choices.join(", ")}`;
  if (/[\r\n\0]/.test(text) || text.length > 500) return "write one short line";
  return question.refuse?.(text, answers);
}
