import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import { whileWaiting } from "../../src/cli/progress.ts";
import { columnsOf, wantsColour } from "../../src/cli/process-cli.ts";
import type { ProbeResult } from "../../src/cli/app-port.ts";
import { created, fakeApp, fakeControl, memoryCli, settings } from "./support.ts";

describe("progress of long work", () => {
  it("is told after a second and then every ten, on a terminal", async () => {
    const app = fakeApp();
    const { cli, err } = memoryCli(app, true);
    const work = Promise.withResolvers<string>();
    const done = whileWaiting(
      cli,
      "asking",
      () => work.promise,
      () => " 1 of 2 answered",
    );
    await app.clock.advance(999);
    expect(err).toEqual([]);
    await app.clock.advance(1);
    expect(err).toEqual(["asking … 1 of 2 answered"]);
    await app.clock.advance(20_000);
    work.resolve("x");
    expect(await done).toBe("x");
    await app.clock.advance(60_000);
    expect(err.slice(1)).toEqual(["asking (11 s) … 1 of 2 answered", "asking (21 s) … 1 of 2 answered"]);
  });

  it("is told to nobody elsewhere, and ends with the work when that fails", async () => {
    const app = fakeApp();
    const quiet = memoryCli(app);
    const loud = memoryCli(app, true);
    const work = Promise.withResolvers<never>();
    const waits = [quiet, loud].map(({ cli }) => whileWaiting(cli, "asking", () => work.promise));
    const ended = Promise.allSettled(waits);
    work.reject(new Error("no"));
    expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await app.clock.advance(60_000);
    expect([...quiet.err, ...loud.err]).toEqual([]);
  });

  it("of `check` counts who has answered, of `create-token` says who is asked", async () => {
    const good: ProbeResult = { kind: "issuer", name: "flowauth", ok: true, lines: [], code: null, hint: null };
    const rest = Promise.withResolvers<void>();
    const probe = async (tell?: (result: ProbeResult) => void): Promise<readonly ProbeResult[]> => {
      tell?.(good);
      await rest.promise;
      return [good];
    };
    const made = Promise.withResolvers<ReturnType<typeof created>>();
    const app = fakeApp(fakeControl({ createToken: () => made.promise }), {
      checkSettings: () => Promise.resolve({ settings, warnings: [], probe }),
    });
    const { cli, err } = memoryCli(app, true);
    const runs = [runCli(["check"], cli), runCli(["create-token", "airflow"], cli)];
    await app.clock.advance(1_000);
    expect(err.toSorted()).toEqual([
      "asking 1 issuer and 2 targets … 1 of 5 answered",
      "asking the issuer for a token …",
    ]);
    rest.resolve();
    made.resolve(created());
    expect(await Promise.all(runs)).toEqual([0, 0]);
  });
});

describe("a terminal", () => {
  it.each([
    [undefined, 80],
    [0, 80],
    [Number.NaN, 80],
    [20, 40],
    [100, 100],
    [300, 120],
  ])("that says it has %s columns is written to in %i", (told, columns) => expect(columnsOf(told)).toBe(columns));

  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [true, { TERM: "dumb" }, false],
    [false, { FORCE_COLOR: "1" }, true],
    [true, { FORCE_COLOR: "0" }, false],
    [false, { FORCE_COLOR: "" }, false],
    [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  ])("(%s) with %j has colours: %s", (isTerminal, environment, colours) =>
    expect(wantsColour(isTerminal, environment)).toBe(colours),
  );
});
