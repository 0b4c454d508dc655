import type { Preset } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { BUILT_IN as BUILT_IN_ARVADOS } from "../issuers/arvados/presets.ts";
import { issuerTypes } from "../issuers/index.ts";

export interface IssuerPresets {
  readonly issuer: string | null;
  readonly type: string;
  readonly presets: readonly Preset[];
}

/** Of the declared issuers, those that have any. */
export function presetsOf(settings: Settings): readonly IssuerPresets[] {
  return settings.issuers.flatMap(({ key, type, options }) => {
    const presets = issuerTypes.find((kind) => kind.type === type)?.presets(options) ?? [];
    return presets.length === 0 ? [] : [{ issuer: key, type, presets }];
  });
}

/** Those that need no settings. */
export function builtInPresets(): readonly IssuerPresets[] {
  return [{ issuer: null, type: "arvados", presets: BUILT_IN_ARVADOS }];
}
