import { beforeEach, expect, test, vi } from "vitest";
import { alertTest } from "../../src/app/alert-test.ts";
import type { Alert, Pulse } from "../../src/core/alert.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { RUNBOOKS } from "../../src/core/runbooks.ts";
import type { Settings } from "../../src/core/settings.ts";

const told: Alert[] = [];
const pulses: Pulse[] = [];
/** Of the next calls, in turn. */
const failures: (RenewdError | undefined)[] = [];

vi.mock(import("../../src/app/adapters.ts"), () => ({
  makeAdapters: () =>
    ({
      channels: [
        {
          key: "pager",
          type: "webhook",
          notifier: {
            kind: "alerts",
            notify: (alerts: readonly Alert[]) => {
              told.push(...alerts);
              const [failure] = failures.splice(0, 1);
              return failure === undefined ? Promise.resolve() : Promise.reject(failure);
            },
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
  failures.length = 0;
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
    routed: null,
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

test.each([
  ["channel_partly", "channel_error", ["test", "resolved"]],
  ["channel_timeout", undefined, ["test", "resolved"]],
  ["channel_refused", undefined, ["test"]],
] as const)("after %s those who may have been told of the test hear its end", async (code, ofEnd, causes) => {
  failures.push(new RenewdError(code, "refused for data@example.org"));
  if (ofEnd !== undefined) failures.push(new RenewdError(ofEnd, "500"));
  expect(await run([])).toMatchObject([{ ok: false, code, message: "refused for data@example.org" }]);
  expect(told.map(({ cause }) => cause)).toEqual(causes);
});

test("an end that fails is told", async () => {
  failures.push(undefined, new RenewdError("channel_error", "500"));
  expect(await run([])).toMatchObject([{ ok: false, code: "channel_error" }]);
});
