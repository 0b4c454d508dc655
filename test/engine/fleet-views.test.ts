import { expect, test } from "vitest";
import { DAY_MS } from "../../src/core/duration.ts";
import { Controller } from "../../src/engine/controller.ts";
import { makeWorld } from "../support/world.ts";

test("the plan of one token is that of the fleet's plan, and so is its calendar", async () => {
  const world = await makeWorld({ tokens: 3 });
  await world.run(DAY_MS);
  const { controller } = world.daemon;
  const plan = await controller.plan();
  expect(await controller.planOf("token-2")).toEqual(plan.find(({ token }) => token === "token-2"));
  const all = await controller.calendar(60);
  const own = await controller.calendar(60, "token-2");
  expect(own).toEqual(all.filter(({ token }) => token === "token-2"));
  expect(own.length).toBeGreaterThanOrEqual(2);
  const { days } = await controller.calendarDays({ days: 60, words: ["token-2"], dayAt: null });
  expect(days.flatMap(({ entries }) => entries)).toEqual(own);
  await expect(controller.planOf("token-9")).rejects.toMatchObject({ code: "unknown_token" });
  await expect(controller.calendar(60, "token-9")).rejects.toMatchObject({ code: "unknown_token" });
});

test("what is read of a large fleet lets others have their turn", async () => {
  const { daemon } = await makeWorld({ tokens: 250 });
  let breaths = 0;
  const breathe = async (): Promise<void> => void (breaths += 1);
  const controller = new Controller(daemon.engine, daemon.sweeper, () => [], undefined, breathe);
  for (const read of [() => controller.status(), () => controller.plan(), () => controller.calendar(30)]) {
    breaths = 0;
    await read();
    expect(breaths).toBeGreaterThanOrEqual(2);
  }
});

test("a large fleet is viewed by one look at the clock, and by that", async () => {
  const { daemon, clock } = await makeWorld({ tokens: 250 });
  const { controller } = daemon;
  let looks = 0;
  const uptimeMs = clock.uptimeMs.bind(clock);
  clock.uptimeMs = () => {
    looks += 1;
    return uptimeMs();
  };
  for (const read of [() => controller.status(), () => controller.plan(), () => controller.calendar(30)]) {
    looks = 0;
    await read();
    expect(looks).toBe(1);
  }
});
