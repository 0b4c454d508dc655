import type { Place } from "../e2e/place.ts";

/** A secret of several keys, of which one is a token's. */
export const SHARED_SECRET = "shared";

export interface Around {
  /** Null: an issuer of the daemon's own. */
  readonly issuerUrl: string | null;
  readonly issuerPort: number;
  readonly awsUrl: string;
  readonly hook: string;
  /** Of all tokens; by default one or two minutes. */
  readonly lifetime: string | undefined;
  readonly stateFolder: string;
}

/** The tokens by what they are kept in. Each has its own name at the issuer. */
export const TOKENS = { file: ["alpha", "delta"], secret: ["bravo", "charlie"] } as const;

/** Four tokens of short lives in every form: a file with a hook, a secret, a key of a JSON file and of a JSON secret, a key of a dotenv file. */
export function settingsOf(place: Place, around: Around): string {
  const { lifetime } = around;
  const token = (key: string, life: string): string => `  ${key}:
    issuer: issuer
    name: ${key}
    create: true
    request: { server: flowapi-prod, roles: [runner, viewer], lifetime: ${lifetime ?? life} }
    targets:`;
  return `version: 1
instance: chaos
tick: "* * * * * *"
state: { url: "sqlite:../${around.stateFolder}/renewd.db" }
http:
  listen: 127.0.0.1:${place.httpPort}
  tokens: { ops: { role: operator, secret: { file: ../ops.token } } }
issuers:
  issuer:
${issuerOf(around)}
stores:
  files: { type: file, directory: ../var/secrets }
  aws: { type: aws-secrets-manager, region: eu-west-1, endpoint: "${around.awsUrl}", timeout: 2s }
policies:
  default: { renew_before: 66%, jitter: 0%, repair: 15s }
tokens:
${token("alpha", "2m")}
      file:
        store: files
        secret: ALPHA
        hold: 10s
        reload: { command: [${process.execPath}, ${around.hook}, ${place.path("told")}] }
${token("bravo", "2m")}
      secret: { store: aws, secret: bravo, create: true, hold: 10s, propagation: 1s }
${token("charlie", "2m")}
      file: { store: files, secret: shared.json, format: json, key: TOKEN, hold: 10s }
      secret: { store: aws, secret: ${SHARED_SECRET}, key: TOKEN, hold: 10s, propagation: 1s }
${token("delta", "1m")}
      file: { store: files, secret: app.env, format: dotenv, key: TOKEN, hold: 5s }
`;
}

/** A short limit for calls, since an answer in doubt is waited out. */
function issuerOf({ issuerUrl, issuerPort }: Around): string {
  if (issuerUrl === null) {
    return `    type: embedded
    listen: 127.0.0.1:${issuerPort}
    db: ../issuer/issuer.db
    username: flowbot
    seed: { users: [{ name: flowbot, password: { file: ../flowbot.password } }] }`;
  }
  return `    type: flowauth
    url: ${issuerUrl}
    username: flowbot
    password: { file: ../flowbot.password }
    public_keys: [{ file: ../public_key.pem }]
    timeout: 1s`;
}
