import { notifierTypes } from "../../src/notifiers/index.ts";
import { issuerTypes } from "../../src/issuers/index.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { parseSettings, SettingsError, type Problem } from "../../src/settings/load.ts";
import type { Kinds } from "../../src/settings/services.ts";
import type { Settings } from "../../src/core/settings.ts";
import { storeTypes } from "../../src/stores/index.ts";

export const kinds: Kinds = { issuers: issuerTypes, stores: storeTypes, notifiers: notifierTypes };
export const tools = { compileCron };
export const FILE = "/etc/renewd/renewd.yaml";

/** Settings with a bit of everything; the tests break one thing at a time. */
export const GOOD = `version: 1
instance: prod
tick: "*/30 * * * * *"
x-targets: &used
  store: files
  hold: 6h
state:
  url: sqlite:./state/renewd.db
  keys: [{ file: ./state.key }, { env: OLD_KEY }]
http:
  listen: 127.0.0.1:8080
  tokens: { ops: { role: operator, secret: { file: /run/secrets/api } } }
issuers:
  flowauth:
    type: flowauth
    url: https://flowauth.example.org
    username: flowbot
    password: { file: ./password }
    public_keys: [{ file: ./flowauth.pem }]
stores:
  files: { type: file, directory: ./secrets }
  aws: { type: aws-secrets-manager, region: eu-west-1 }
policies:
  office:
    renew_before: 33%
    jitter: 5%
    repair: 24h
    windows: [{ opens: "0 9 * * mon-fri", for: 8h, timezone: Europe/London }]
tokens:
  airflow:
    issuer: flowauth
    name: airflow-flowapi
    request: { server: flowapi, roles: [viewer, runner], lifetime: 30d }
    policy: office
    targets:
      folder:
        <<: *used
        secret: FLOWAPI_TOKEN
      manager:
        store: aws
        secret: airflow/variables/FLOWAPI_TOKEN
        hold: 6h
        propagation: 15m
  notebooks:
    issuer: flowauth
    request: { server: flowapi, roles: [viewer], lifetime: 30d }
    targets:
      env: { store: files, secret: .env, format: dotenv, key: FLOWAPI_TOKEN }
defaults:
  target: { hold: 1h }
`;

export function parse(text: string): Settings {
  return parseSettings(text, FILE, kinds, tools);
}

export function problemsOf(text: string): readonly Problem[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

/** GOOD with one piece of text replaced, which must be there exactly once. */
export function edited(from: string, to: string): string {
  if (GOOD.split(from).length !== 2) throw new TypeError(`not exactly once in GOOD: ${from}`);
  return GOOD.replace(from, () => to);
}

/** The line and column, from 1, at which a piece of text begins. */
export function positionOf(text: string, piece: string): { readonly line: number; readonly column: number } {
  const before = text.slice(0, text.indexOf(piece)).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
