import type { Place } from "../e2e/place.ts";
import type { IssuerSide } from "./sides/side.ts";

/** A secret of several keys, of which one is a token's. */
export const SHARED_SECRET = "shared";

export interface Around {
  readonly side: IssuerSide;
  readonly awsUrl: string;
  readonly hook: string;
  /** Of all tokens; by default one or two minutes. */
  readonly lifetime: string | undefined;
  readonly stateFolder: string;
}

export type TokenKey = "alpha" | "bravo" | "charlie" | "delta";

/** The tokens by what they are kept in. Each has its own name at the issuer. */
export const TOKENS = { file: ["alpha", "delta"], secret: ["bravo", "charlie"] } as const;

/** How long most of them live, and how long their consumers use them. */
export const LIFETIME = "2m";
const HOLDS_MS: Readonly<Record<TokenKey, number>> = { alpha: 10_000, bravo: 10_000, charlie: 10_000, delta: 5_000 };

export function holdMsOf(name: TokenKey, { holds }: IssuerSide): number {
  return holds[name] ?? HOLDS_MS[name];
}

/** Four tokens of short lives in every form: a file with a hook, a secret, a key of a JSON file and of a JSON secret, a key of a dotenv file. */
export function settingsOf(place: Place, around: Around): string {
  const { lifetime, side } = around;
  const token = (key: TokenKey, life: string): string => `  ${key}:
    issuer: issuer
    name: ${key}
    create: ${side.byHand === null}
    request: ${side.requestOf(key, lifetime ?? life)}
    targets:`;
  const use = (key: TokenKey): string =>
    `hold: ${holdMsOf(key, side) / 1000}s${side.byHand === null ? "" : ", observe: 2s"}`;
  return `version: 1
instance: chaos
tick: "* * * * * *"
state: { url: "sqlite:../${around.stateFolder}/renewd.db" }
http:
  listen: 127.0.0.1:${place.httpPort}
  tokens: { ops: { role: operator, secret: { file: ../ops.token } } }
issuers:
  issuer:
${side.settings}
stores:
  files: { type: file, directory: ../var/secrets }
  aws: { type: aws-secrets-manager, region: eu-west-1, endpoint: "${around.awsUrl}", timeout: 2s }
policies:
  default: { renew_before: 66%, jitter: 0%, repair: 15s }
tokens:
${token("alpha", LIFETIME)}
      file: { store: files, secret: ALPHA, ${use("alpha")}, reload: { command: ${hookOf(place, around)} } }
${token("bravo", LIFETIME)}
      secret: { store: aws, secret: bravo, create: true, ${use("bravo")}, propagation: 1s }
${token("charlie", LIFETIME)}
      file: { store: files, secret: shared.json, format: json, key: TOKEN, ${use("charlie")} }
      secret: { store: aws, secret: ${SHARED_SECRET}, key: TOKEN, ${use("charlie")}, propagation: 1s }
${token("delta", "1m")}
      file: { store: files, secret: app.env, format: dotenv, key: TOKEN, ${use("delta")} }
`;
}

function hookOf(place: Place, { hook }: Around): string {
  return `["${process.execPath}", "${hook}", "${place.path("told")}"]`;
}
