import { randomUUID } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import type { Place } from "../e2e/place.ts";
import type { SecretsManagerFake } from "../support/secrets-manager/index.ts";
import type { IssuerSide } from "./sides/side.ts";
import { holdMsOf, SHARED_SECRET, type TokenKey } from "./site-settings.ts";

/** One place that a consumer reads from. */
export interface Berth {
  readonly name: string;
  readonly token: TokenKey;
  readonly holdMs: number;
  /** Null before there is anything. */
  read(): Promise<string | null>;
  /** By hand, past renewd. */
  put(token: string): Promise<void>;
}

const NEIGHBOUR = "a neighbour";

export function berthsOf(place: Place, aws: SecretsManagerFake, side: IssuerSide): readonly Berth[] {
  const berth = (name: `${TokenKey}/${string}`, text: Text, form: Form): Berth => {
    const token = name.split("/")[0] as TokenKey;
    return {
      name,
      token,
      holdMs: holdMsOf(token, side),
      read: async () => form.tokenIn(await text.read()),
      put: async (fresh) => text.write(form.textWith(fresh)),
    };
  };
  return [
    berth("alpha/file", fileText(place, "ALPHA"), RAW),
    berth("bravo/secret", secretText(aws, "bravo"), RAW),
    berth("charlie/file", fileText(place, "shared.json"), JSON_KEY),
    berth("charlie/secret", secretText(aws, SHARED_SECRET), JSON_KEY),
    berth("delta/file", fileText(place, "app.env"), DOTENV_KEY),
  ];
}

/** What is beside our key of a target that has others, before renewd comes. */
export const NEIGHBOURS = {
  "shared.json": `{\n  "OTHER": "${NEIGHBOUR}"\n}\n`,
  "app.env": "OTHER=a-neighbour\n",
  [SHARED_SECRET]: `{"OTHER":"${NEIGHBOUR}"}`,
} as const;

interface Text {
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
}

interface Form {
  tokenIn(text: string | null): string | null;
  textWith(token: string): string;
}

const RAW: Form = { tokenIn: (text) => text, textWith: (token) => token };
const JSON_KEY: Form = {
  tokenIn: (text) => (JSON.parse(text ?? "{}") as Readonly<Record<string, string>>)["TOKEN"] ?? null,
  textWith: (TOKEN) => JSON.stringify({ OTHER: NEIGHBOUR, TOKEN }),
};
const DOTENV_KEY: Form = {
  tokenIn: (text) => /^TOKEN=(.*)$/m.exec(text ?? "")?.[1] ?? null,
  textWith: (token) => `OTHER=a-neighbour\nTOKEN=${token}\n`,
};

function fileText(place: Place, name: string): Text {
  const file = `var/secrets/${name}`;
  return {
    read: () => readFile(place.path(file), "utf8").catch(() => null),
    // Whole at once, as an editor does it.
    write: async (text) => rename(await place.write(`tmp/by-hand-${name}`, text), place.path(file)),
  };
}

function secretText({ vault }: SecretsManagerFake, name: string): Text {
  const exists = (): boolean => {
    try {
      return vault.versions(name) !== undefined;
    } catch {
      return false;
    }
  };
  return {
    read: async () => (exists() ? vault.text(name) : null),
    write: async (text) => {
      const content = { ClientRequestToken: randomUUID(), SecretString: text };
      if (exists()) vault.act("PutSecretValue", { SecretId: name, ...content });
      else vault.act("CreateSecret", { Name: name, ...content });
    },
  };
}
