import { dirname, join, relative, resolve } from "node:path";
import type { Settings } from "../core/settings.ts";
import type { DeclaredTarget } from "../core/token.ts";

/** What a person calls the parts of the settings. */
export interface Names {
  /** The key of the issuer that mints a token. */
  issuerOf(token: string): string | undefined;
  /** Where to look for what a target holds: a path where its store is a directory, else store and secret. */
  placeOf(token: string, target: string): string | undefined;
}

export function namesOf(settings: Settings): Names {
  const tokenOf = (key: string): Settings["tokens"][number] | undefined =>
    settings.tokens.find((token) => token.key === key);
  return {
    issuerOf: (token) => tokenOf(token)?.issuer,
    placeOf: (token, label) => {
      const target = tokenOf(token)?.targets.find((each) => each.label === label);
      return target === undefined ? undefined : placeOf(settings, target);
    },
  };
}

function placeOf(settings: Settings, { store, address, format }: DeclaredTarget): string {
  const secret = Object.values(address).find((each) => typeof each === "string") ?? "";
  const directory = directoryOf(settings.stores.find(({ key }) => key === store)?.options);
  const place =
    directory === undefined
      ? `${store} ${secret}`
      : relative(".", resolve(dirname(settings.file), join(directory, secret)));
  return format.kind === "raw" ? place : `${place} (${format.key})`;
}

function directoryOf(options: unknown): string | undefined {
  if (typeof options !== "object" || options === null || !("directory" in options)) return undefined;
  return typeof options.directory === "string" ? options.directory : undefined;
}
