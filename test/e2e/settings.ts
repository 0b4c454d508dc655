import type { Place } from "./place.ts";

export interface Wanted {
  readonly url: string;
  readonly lifetime?: string;
  readonly hold?: string;
  readonly tick?: string;
  readonly timeout?: string;
  readonly repair?: string;
  readonly renewBefore?: string;
  readonly name?: string;
  readonly create?: boolean;
  readonly totp?: boolean;
  /** YAML under `http:`, beside `listen`. */
  readonly http?: string;
  /** YAML of the top level. */
  readonly more?: string;
  /** YAML of further stores, indented by two. */
  readonly stores?: string;
  /** YAML of further targets, indented by six. */
  readonly targets?: string;
  /** YAML of further keys of the target `airflow`, indented by eight. */
  readonly target?: string;
}

/**
 * One token of a FlowAuth's, kept in the file that `Place.target` names. Beside the settings lie the password of
 * `flowbot` and the issuer's public key, as `issuer-process.ts` and the tests put them there.
 */
export function settingsOf(place: Place, wanted: Wanted): string {
  const { url, lifetime = "1d", hold = "20s", tick = "* * * * * *", timeout = "5s", repair = "10s" } = wanted;
  const { renewBefore = "50%", name = "airflow-flowapi", create = true } = wanted;
  return `version: 1
instance: e2e
tick: "${tick}"
state: { url: "sqlite:../var/renewd.db" }
http:
  listen: 127.0.0.1:${place.httpPort}
${wanted.http ?? ""}
issuers:
  flowauth:
    type: flowauth
    url: ${url}
    username: flowbot
    password: { file: ../flowbot.password }
    public_keys: [{ file: ../public_key.pem }]
    timeout: ${timeout}
${wanted.totp === true ? "    totp: { file: ../totp.secret }" : ""}
stores:
  files: { type: file, directory: ../var/secrets }
${wanted.stores ?? ""}
policies:
  default: { renew_before: ${renewBefore}, jitter: 0%, repair: ${repair} }
tokens:
  airflow-flowapi:
    issuer: flowauth
    name: ${name}
    create: ${create}
    request: { server: flowapi-prod, roles: [runner, viewer], lifetime: ${lifetime} }
    targets:
      airflow:
        store: files
        secret: FLOWAPI_TOKEN
        hold: ${hold}
${wanted.target ?? ""}
${wanted.targets ?? ""}
${wanted.more ?? ""}
`;
}
