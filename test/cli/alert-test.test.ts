import { describe, expect, it } from "vitest";
import type { AlertTestResult, App } from "../../src/cli/app-port.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { fakeApp, fakeControl, renewd, settings } from "./support.ts";

const took: AlertTestResult = {
  channel: "pager",
  type: "pagerduty",
  ok: true,
  code: null,
  message: null,
  hint: null,
  tookMs: 240,
  routed: true,
  lines: ["incident key 0815"],
};
const pinged: AlertTestResult = { ...took, channel: "chat", type: "healthchecks", routed: null, lines: [] };
const refused: AlertTestResult = {
  ...took,
  channel: "chat",
  type: "slack",
  ok: false,
  code: "channel_credentials",
  message: "HTTP 403: invalid_token",
  hint: "Correct it.",
  tookMs: 12_400,
  routed: false,
  lines: [],
};

type Asked = Parameters<App["alertTest"]>[0];

const testing = (results: readonly AlertTestResult[], asked: Asked[] = []): App =>
  fakeApp(fakeControl(), { alertTest: (options) => (asked.push(options), Promise.resolve(results)) });

describe("alert-test", () => {
  it("says of each channel what happened and how long it took, and who would be told in earnest", async () => {
    const { code, out } = await renewd(testing([took, refused]), "alert-test --severity critical --token airflow");
    expect(code).toBe(3);
    expect(out.split("\n")).toEqual([
      "ok      pager (pagerduty)",
      "    took the alert and its end in 240 ms",
      "    incident key 0815",
      "failed  chat (slack)",
      "    failed after 12.4 s (channel_credentials)",
      "    HTTP 403: invalid_token",
      "    ->  Correct it.",
      "",
      "a real alert of airflow that is critical would be told to pager",
    ]);
  });

  it("says of what is not told unless it is named that it was not", async () => {
    const { out } = await renewd(testing([took]), "alert-test");
    expect(out.split("\n")).toEqual([
      "ok      pager (pagerduty)",
      "    took the alert and its end in 240 ms",
      "    incident key 0815",
      "-       chat (slack)",
      "    a dead man's switch, not pinged: name it to ping it",
      "",
      "a real alert of renewd itself that is warning would be told to pager",
    ]);
  });

  it("says of a dead man's switch that is named that it took a ping, and nothing of alerts", async () => {
    const { out } = await renewd(testing([pinged]), "alert-test chat");
    expect(out.split("\n")).toEqual(["ok      chat (healthchecks)", "    took the ping in 240 ms"]);
  });

  it("says of the named who of these would be told, as others may be too", async () => {
    const { out } = await renewd(testing([took, pinged]), "alert-test pager chat");
    expect(out).toContain("of these, a real alert of renewd itself that is warning would be told to pager");
  });

  it("exits 0 when all took it, and says when no route leads to any", async () => {
    const { code, out } = await renewd(testing([{ ...took, routed: false }]), "alert-test pager");
    expect(code).toBe(0);
    expect(out).toContain("a real alert of renewd itself that is warning would be told to none of these\n  channels");
  });

  it("asks the app for the named channels once each, or for all", async () => {
    const asked: Asked[] = [];
    await renewd(testing([took], asked), "alert-test pager chat pager --severity info");
    await renewd(testing([took], asked), "alert-test -c my.yaml --token airflow --allow-commands");
    expect(asked).toEqual([
      {
        settingsFile: "config/renewd.yaml",
        allowCommands: false,
        channels: ["pager", "chat"],
        severity: "info",
        token: null,
      },
      { settingsFile: "my.yaml", allowCommands: true, channels: [], severity: "warning", token: "airflow" },
    ]);
  });

  it("with --json is one document", async () => {
    const { code, out } = await renewd(testing([refused]), "alert-test chat --json");
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      severity: "warning",
      token: null,
      channels: [{ channel: "chat", code: "channel_credentials", took_seconds: 12.4, routed: false }],
    });
  });

  it.each([
    ["alert-test pagr", "no alert channel pagr is declared. Did you mean one of pager, chat by pagr?"],
    ["alert-test --token airflw", "no token airflw is declared. Did you mean one of airflow by airflw?"],
    ["alert-test --severity loud", "Allowed choices are info, warning, critical"],
  ])("`%s` is a usage error, and nothing is told", async (argv, why) => {
    const asked: Asked[] = [];
    const { code, err } = await renewd(testing([took], asked), argv);
    expect({ code, asked }).toEqual({ code: 64, asked: [] });
    expect(err).toContain(why);
  });

  it("without any channel in the settings is a usage error, with bad settings 2", async () => {
    const silent = { ...settings, alerts: { ...settings.alerts, channels: [] } };
    const none = fakeApp(fakeControl(), {
      checkSettings: () => Promise.resolve({ settings: silent, warnings: [], probe: () => Promise.resolve([]) }),
    });
    expect(await renewd(none, "alert-test")).toMatchObject({
      code: 64,
      err: expect.stringContaining("no alert channel"),
    });
    const bad = fakeApp(fakeControl(), {
      checkSettings: () => Promise.reject(new RenewdError("settings_invalid", "r.yaml")),
    });
    expect((await renewd(bad, "alert-test")).code).toBe(2);
  });
});
