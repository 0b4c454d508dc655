import { describe, expect, it } from "vitest";
import type { RenewalStanding } from "../../src/core/control.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { fakeApp, fakeControl, renewd } from "./support.ts";

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
    expect(out).toBe("airflow: token 5555666677778888 is in all targets, expires 2026-07-01T12:02:00Z");
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
