/** What every kind of issuer must do before one is made: the sentences of `IssuerType`, `Preset` and `TokenRequest` as tests. */
import { describe, expect, it } from "vitest";
import { RenewdError } from "../../src/core/errors.ts";
import type { IssuerType, TokenFlags } from "../../src/core/ports.ts";
import type { TokenRequest } from "../../src/core/token.ts";

/** Everything here is as it stands in the settings, before a schema has seen it. */
export interface IssuerTypeSamples {
  readonly options: Readonly<Record<string, unknown>>;
  /** With a `lifetime`; whether it may be left out is `endless`. */
  readonly request: Readonly<Record<string, unknown>>;
  /** A request without a lifetime asks for no end; else its schema refuses it. */
  readonly endless: boolean;
  /** Requests that the schema lets through, and that do not fit the options. */
  readonly misfits: readonly Readonly<Record<string, unknown>>[];
  /** Flags of `create-token` that say enough, without a lifetime. */
  readonly flags: Partial<TokenFlags>;
  /** What makes them wrong: flags that mean nothing here, or that are missing (null, []). At least one. */
  readonly wrongFlags: readonly Partial<TokenFlags>[];
  /** Requests that are another token at the issuer though the name is the same. */
  readonly otherTokens: readonly Readonly<Record<string, unknown>>[];
}

const NO_FLAGS: TokenFlags = { user: null, server: null, roles: [], scopes: [], lifetime: null };

/** Needs no issuer. What depends on the options (a url) may be anything that the schema lets through. */
export function issuerTypeContract<Options, Request>(
  type: IssuerType<Options, Request>,
  samples: IssuerTypeSamples,
): void {
  describe(`the type ${type.type}`, () => {
    const options = type.options.parse(samples.options);
    const neutral = (request: unknown): TokenRequest => type.readRequest(type.request.parse(request), options);
    const described = (flags: Partial<TokenFlags>): TokenRequest =>
      neutral(type.describe({ ...NO_FLAGS, ...samples.flags, ...flags }, options));

    reading(type, samples, neutral);
    describing(type, samples, described);

    it.each([...type.presets(options)])(
      "has a preset $name, with a reason for each scope, that --role takes",
      (preset) => {
        expect(preset.reason).toMatch(/^\S.*[^.\s]/);
        expect(preset.scopes.length).toBeGreaterThan(0);
        for (const each of preset.scopes) expect(each.reason).toMatch(/\S/);
        const granted = preset.scopes.map(({ scope }) => scope);
        expect(described({ roles: [preset.name], scopes: [] }).roles).toEqual([...new Set(granted)].sort());
      },
    );

    it("names each preset once", () => {
      const names = type.presets(options).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    });

    it("has one identity for what is one token at the issuer", () => {
      const identity = (request: unknown, name = "one"): string =>
        type.identity(options, type.request.parse(request), name);
      expect(identity({ ...samples.request })).toBe(identity(samples.request));
      expect(identity(samples.request, "other")).not.toBe(identity(samples.request));
      for (const other of samples.otherTokens) expect(identity(other)).not.toBe(identity(samples.request));
    });
  });
}

function reading<Options, Request>(
  type: IssuerType<Options, Request>,
  samples: IssuerTypeSamples,
  neutral: (request: unknown) => TokenRequest,
): void {
  it("has a name that settings can say", () => {
    expect(type.type).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it("refuses options and requests that have what it does not know, or are nothing at all", () => {
    for (const wrong of [undefined, null, "text", [], { ...samples.options, no_such_option: 1 }]) {
      expect(() => type.options.parse(wrong)).toThrow();
    }
    for (const wrong of [undefined, null, "text", [], { ...samples.request, no_such_field: 1 }]) {
      expect(() => type.request.parse(wrong)).toThrow();
    }
  });

  it("reads a request into the neutral form, the same each time", () => {
    const request = neutral(samples.request);
    expect(request.roles).toEqual([...new Set(request.roles)].sort());
    expect(request.lifetimeMs).toBeGreaterThan(0);
    expect(neutral(structuredClone(samples.request))).toEqual(request);
    // The state and the API carry it as JSON.
    expect(JSON.parse(JSON.stringify(request.detail))).toEqual(request.detail);
  });

  it(`${samples.endless ? "reads" : "refuses"} a request without a lifetime${samples.endless ? " as one for no end" : ""}`, () => {
    const { lifetime, ...rest } = samples.request;
    expect(lifetime).toBeDefined();
    if (samples.endless) expect(neutral(rest).lifetimeMs).toBe(Infinity);
    else expect(() => type.request.parse(rest)).toThrow();
  });

  it.each(samples.misfits)("refuses, as settings that are invalid, the request %j", (misfit) => {
    expectCode(() => neutral(misfit), "settings_invalid");
  });
}

function describing<Options, Request>(
  type: IssuerType<Options, Request>,
  samples: IssuerTypeSamples,
  described: (flags: Partial<TokenFlags>) => TokenRequest,
): void {
  it("describes a request by flags, with a lifetime and, where it may be left out, without", () => {
    expect(described({ lifetime: "2h" }).lifetimeMs).toBe(7_200_000);
    if (samples.endless) expect(described({ lifetime: null }).lifetimeMs).toBe(Infinity);
    else expectCode(() => described({ lifetime: null }), "usage");
  });

  it("has flags that it refuses", () => {
    expect(samples.wrongFlags.length).toBeGreaterThan(0);
  });

  it.each(samples.wrongFlags)(`refuses, as wrong usage of ${type.type}, the flags %j`, (wrong) => {
    expectCode(() => described({ lifetime: "2h", ...wrong }), "usage");
  });
}

function expectCode(work: () => unknown, code: string): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RenewdError);
    expect(error).toMatchObject({ code });
    return;
  }
  expect.fail("nothing was refused");
}
