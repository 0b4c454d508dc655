import { beforeEach, expect, test, vi } from "vitest";
import { alertTest } from "../../src/app/alert-test.ts";
import type { Alert, Pulse } from "../../src/core/alert.ts";
import { RUNBOOKS } from "../../src/core/runbooks.ts";
import type { Settings } from "../../src/core/settings.ts";

const told: Alert[] = [];
const pulses: Pulse[] = [];

vi.mock(import("../../src/app/adapters.ts"), () => ({
  makeAdapters: () =>
    ({
      channels: [
        {
          key: "pager",
          type: "webhook",
          notifier: {
            kind: "alerts",
            notify: (alerts: readonly Alert[]) => Promise.resolve(void told.push(...alerts)),
          },
        },
        {
          key: "watch",
          type: "healthchecks",
          notifier: { kind: "heartbeat", beat: (pulse: Pulse) => Promise.resolve(void pulses.push(pulse)) },
        },
      ],
      close: () => Promise.resolve(),
    }) as never,
}));

const settingsWith = (runbooks: string): Settings =>
  ({ instance: "one", tokens: [], alerts: { pageUrl: null, runbooks, channels: [], routes: [] } }) as never;
const run = (channels: readonly string[], runbooks: string = RUNBOOKS) =>
  alertTest(
    settingsWith(runbooks),
    { allowCommands: false, version: "0" },
    { channels, severity: "warning", token: null },
  );

beforeEach(() => {
  told.length = 0;
  pulses.length = 0;
});

test("every channel but dead man's switches is told, unless one is named", async () => {
  expect((await run([])).map(({ channel }) => channel)).toEqual(["pager"]);
  expect(told.map(({ cause }) => cause)).toEqual(["test", "resolved"]);
  expect(pulses).toEqual([]);
});

test("a dead man's switch that is named is pinged, which is said plainly", async () => {
  const [result] = await run(["watch"]);
  expect(result).toMatchObject({
    ok: true,
    lines: [expect.stringMatching(/pinged as if all were well, whether or not/)],
  });
  expect(pulses.map(({ ok }) => ok)).toEqual([true]);
});

test("a test leads to what our page says of tests, and on one's own page to its reason", async () => {
  await run(["pager"]);
  await run(["pager"], "https://wiki.example.org/alerts");
  expect(new Set(told.map(({ runbookUrl }) => runbookUrl))).toEqual(
    new Set([`${RUNBOOKS}#try-it`, "https://wiki.example.org/alerts#test"]),
  );
});
