import { describe, expect, it } from "vitest";
import type { App, IssuerPresets } from "../../src/cli/app-port.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { fakeApp, fakeControl, renewd, settings } from "./support.ts";

const preset = { name: "reader", reason: "it reads", scopes: [{ scope: "GET /things", reason: "lists the things" }] };
const builtIn: IssuerPresets = { issuer: null, type: "arvados", presets: [{ ...preset, name: "own" }] };

function app(ofIssuers: readonly IssuerPresets[] | Error, change: Partial<App> = {}): App {
  const presets: App["presets"] = (options) => {
    if (options === null) return Promise.resolve([builtIn]);
    return ofIssuers instanceof Error ? Promise.reject(ofIssuers) : Promise.resolve(ofIssuers);
  };
  return fakeApp(fakeControl(), { presets, ...change });
}

const ofArvados: IssuerPresets = { issuer: "flowauth", type: "arvados", presets: [preset] };

describe("presets", () => {
  it("shows each preset of each issuer with the reason of each scope", async () => {
    const { code, out } = await renewd(app([ofArvados]), "presets");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "flowauth (arvados)",
      "",
      "reader",
      "  it reads",
      "  GET /things",
      "      lists the things",
    ]);
  });

  it("with --json is one list", async () => {
    expect(JSON.parse((await renewd(app([ofArvados]), "presets --json")).out)).toEqual([ofArvados]);
  });

  it("shows renewd's own where no declared issuer has any, and where the settings cannot be read", async () => {
    expect((await renewd(app([]), "presets")).out).toContain("arvados, renewd's own\n\nown\n");
    const { code, out, err } = await renewd(app(new RenewdError("settings_invalid", "r.yaml:3")), "presets");
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("cannot be read") as string });
    expect(out).toContain("own");
  });

  it("shows those of one issuer, be there none, and knows no other", async () => {
    const other = { issuer: "other", type: "arvados", presets: [{ ...preset, name: "others" }] };
    const two = [...settings.issuers, { key: "other", type: "arvados", options: {} }];
    const checkSettings: App["checkSettings"] = () =>
      Promise.resolve({ settings: { ...settings, issuers: two }, warnings: [], probe: () => Promise.resolve([]) });
    const { out } = await renewd(app([ofArvados, other], { checkSettings }), "presets --issuer other");
    expect(out).toContain("others");
    expect(out).not.toContain("reader");
    expect((await renewd(app([]), "presets --issuer flowauth")).out).toContain("flowauth has no presets");
    expect(await renewd(app([]), "presets --issuer nobody")).toMatchObject({ code: 64 });
  });
});
