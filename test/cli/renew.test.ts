import { describe, expect, it } from "vitest";
import type { RenewalStanding } from "../../src/core/control.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { fakeApp, fakeControl, NOW, renewd } from "./support.ts";

const underWay = (detail: string): RenewalStanding => ({ state: "under_way", detail });

describe("renew", () => {
  it("asks, waits for the end and exits 0 once all targets have the token", async () => {
    const standings = [underWay("asking"), underWay("asking"), underWay("writing")];
    const lifetimes: (number | null)[] = [];
    const base = fakeControl();
    const control = fakeControl({
      renew: (token, lifetimeMs) => (lifetimes.push(lifetimeMs), base.renew(token, lifetimeMs)),
      renewal: (token, since) => {
        const next = standings.shift();
        return next === undefined ? base.renewal(token, since) : Promise.resolve(next);
      },
    });
    const app = fakeApp(control);
    const running = renewd(app, "renew airflow --lifetime 30d --allow-commands", true);
    await app.clock.advance(10_000);
    const { code, out, err } = await running;
    expect({ code, lifetimes }).toEqual({ code: 0, lifetimes: [30 * 86_400_000] });
    expect(out.split("\n")[0]).toBe("airflow: token 5555666677778888 is in all targets, expires 2026-07-01T12:02:00Z");
    expect(err.split("\n")).toEqual(["asking", "writing"]);
    expect(app.asked).toMatchObject([{ need: "act", allowCommands: true }]);
  });

  it("that failed says why and what to do, and exits 1", async () => {
    const failed: RenewalStanding = { state: "failed", detail: "wrong password", hint: "Correct it." };
    const app = fakeApp(fakeControl({ renewal: () => Promise.resolve(failed) }));
    const { code, out, err } = await renewd(app, "renew airflow");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe("renewd: airflow: wrong password\n  -> Correct it.");
  });

  it("stops waiting at --timeout, says that the daemon goes on, and exits 1", async () => {
    const app = fakeApp(fakeControl({ renewal: () => Promise.resolve(underWay("asking")) }));
    const running = renewd(app, "renew airflow --timeout 90s");
    await app.clock.advance(91_000);
    const { code, err } = await running;
    expect(code).toBe(1);
    expect(err).toContain("not done after 1 min 30 s: asking");
    expect(err).toContain("The daemon goes on with it");
  });

  it("says on a terminal every ten seconds how long it has been, and of what changed at once", async () => {
    const details = [...Array<string>(84).fill("asking"), "writing"];
    const renewal = (): Promise<RenewalStanding> => Promise.resolve(underWay(details.shift() ?? "writing"));
    const app = fakeApp(fakeControl({ renewal }));
    const running = renewd(app, "renew airflow --timeout 35s", true);
    await app.clock.advance(36_000);
    const told = (await running).err.split("\n").slice(0, -2);
    expect(told).toEqual(["asking", "asking (10 s)", "asking (20 s)", "writing", "writing (31 s)"]);
  });

  it("that would gain nothing exits 1 with the arithmetic", async () => {
    const refused = new RenewdError("would_not_gain", "asked for 1 d, the token in use lives 3 d more");
    const app = fakeApp(fakeControl({ renew: () => Promise.reject(refused) }));
    const { code, err } = await renewd(app, "renew airflow --lifetime 1d");
    expect(code).toBe(1);
    expect(err).toContain("asked for 1 d, the token in use lives 3 d more");
  });

  const said = "airflow: token 5555666677778888 is in all targets, expires 2026-07-01T12:02:00Z";
  it.each([
    ["--lifetime 30d", ["asked for 30 d, the issuer gave 2 min"]],
    ["--lifetime 130s", ["asked for 2 min 10 s, the issuer gave 2 min"]],
    // `exp` has whole seconds, and clocks differ a little.
    ["--lifetime 122s", []],
    ["--lifetime 1m", []],
    ["", []],
  ])("%s says what was asked for where the issuer gave clearly less, and exits 0", async (options, more) => {
    const { code, out } = await renewd(fakeApp(), `renew airflow ${options}`.trim());
    expect({ code, lines: out.split("\n") }).toEqual({ code: 0, lines: [said, ...more] });
  });

  it.each([
    [61_000, []],
    [70_000, ["asked for 1 d, the issuer gave 23 h 58 min"]],
  ])("of a day that is %d ms short says so from a little more than a minute on", async (shortMs, more) => {
    const expAt = NOW + 86_400_000 - shortMs;
    const renewal = () => Promise.resolve({ state: "delivered", fingerprint: "5555666677778888", expAt } as const);
    const { out } = await renewd(fakeApp(fakeControl({ renewal })), "renew airflow --lifetime 1d");
    expect(out.split("\n").slice(1)).toEqual(more);
  });

  it("does not blame the issuer for what a renewal that was joined had asked for", async () => {
    const renew = (token: string) => Promise.resolve({ token, since: NOW - 30_000, joined: true });
    const { out } = await renewd(fakeApp(fakeControl({ renew })), "renew airflow --lifetime 30d");
    expect(out.split("\n")).toEqual([said, "asked for 30 d, the renewal that was joined gave 2 min 30 s"]);
  });

  it("with --json and --lifetime has what was asked for and what was given", async () => {
    const { out } = await renewd(fakeApp(), "renew airflow --json --lifetime 30d");
    expect(JSON.parse(out)).toMatchObject({ state: "delivered", asked_seconds: 2_592_000, given_seconds: 120 });
  });

  it("with --json prints one document and no other line to stdout", async () => {
    const { out } = await renewd(fakeApp(), "renew airflow --json");
    expect(JSON.parse(out)).toEqual({
      token: "airflow",
      state: "delivered",
      fingerprint: "5555666677778888",
      exp_at: "2026-07-01T12:02:00Z",
    });
  });
});
