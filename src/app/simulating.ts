import type { SimulationOptions, SimulationReport } from "../core/simulation.ts";
import type { Settings } from "../core/settings.ts";
import type { StatusReport } from "../core/status.ts";
import { ClockWatch } from "../engine/clock-watch.ts";
import { systemClock } from "../runtime/clock.ts";
import { simulate } from "../simulation/simulate.ts";
import { makeAdapters } from "./adapters.ts";

/** The adapters are made, which does nothing outside, to tell what they are capable of; none is ever called. */
export async function simulateSettings(
  settings: Settings,
  known: StatusReport,
  options: SimulationOptions,
  version: string,
): Promise<SimulationReport> {
  const watch = new ClockWatch(systemClock);
  const adapters = makeAdapters(settings, { allowCommands: false, version }, () => undefined, watch);
  try {
    const members = [...adapters.members.values()];
    return await simulate(settings, known, systemClock.now(), options, { members, breathe });
  } finally {
    await adapters.close();
  }
}

function breathe(): Promise<void> {
  return new Promise((resolve) => systemClock.after(0, resolve));
}
