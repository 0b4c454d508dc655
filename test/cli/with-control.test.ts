import { describe, expect, it } from "vitest";
import type { App, VerbOptions } from "../../src/cli/app-port.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { fakeApp, fakeControl, renewd } from "./support.ts";

const NOTICE =
  "renewd: config/renewd.yaml is refused; the running renewd goes on with the settings before it (`renewd check` says what is wrong)";

describe("settings that are refused while a daemon runs", () => {
  const told = ({ onRefused }: VerbOptions): void => onRefused?.(new RenewdError("settings_invalid", "r.yaml:1:1"));
  const control = fakeControl();
  const refused: Partial<App> = {
    withControl: async (options, use) => (told(options), use(control, "daemon")),
    askHealth: async (options) => (told(options), true),
    dashboardLink: async (options) => (told(options), "http://127.0.0.1:8080/sign-in?code=once"),
  };

  it.each([
    "status",
    "plan",
    "history airflow",
    "renew airflow",
    "pause airflow",
    "resume airflow",
    "rollback airflow",
    "accept airflow",
    "discard airflow",
    "adopt airflow file",
    "dashboard",
    "health",
  ])("are told by `%s` in one line on stderr, and the daemon is asked", async (verb) => {
    const text = await renewd(fakeApp(control, refused), verb);
    expect({ code: text.code, err: text.err }).toEqual({ code: 0, err: NOTICE });
    expect(text.out).not.toBe("");
    const json = await renewd(fakeApp(control, refused), `${verb} --json`);
    expect(json.err).toBe(NOTICE);
    expect(JSON.parse(json.out)).not.toHaveProperty("error");
  });
});

describe("a daemon that takes its time", () => {
  it("is said on a terminal to be waited for, and for how long by now", async () => {
    const unreachable = new RenewdError("daemon_unreachable", "the daemon did not answer");
    for (const [terminal, told] of [
      [true, ["waiting for the daemon or its state …", "waiting for the daemon or its state (11 s) …"]],
      [false, []],
    ] as const) {
      const stopped = Promise.withResolvers<never>();
      const app = fakeApp(fakeControl(), { withControl: () => stopped.promise });
      const running = renewd(app, "status", terminal);
      await app.clock.advance(11_500);
      stopped.reject(unreachable);
      const { code, err } = await running;
      expect(code).toBe(3);
      expect(err.split("\n").slice(0, -2)).toEqual(told);
      expect(err).toContain("renewd: the daemon did not answer\n  -> ");
    }
  });

  it("with its answer is said to be waited for too", async () => {
    const answer = Promise.withResolvers<void>();
    const app = fakeApp(fakeControl({ pause: () => answer.promise }));
    const running = renewd(app, "pause airflow", true);
    await app.clock.advance(2_000);
    answer.resolve();
    expect((await running).err).toBe("waiting for the daemon's answer …");
  });
});

it("an unknown target is answered with those that the token has", async () => {
  const adopt = (): Promise<never> => Promise.reject(new RenewdError("unknown_token", "airflow has no target nope"));
  const { code, err } = await renewd(fakeApp(fakeControl({ adopt })), "adopt airflow nope");
  expect(code).toBe(64);
  expect(err).toBe(
    "renewd: airflow has no target nope. Did you mean one of file by nope?\n  -> No such token or target is declared; `renewd status` lists them.",
  );
});
