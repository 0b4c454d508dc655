/** A process of `npm run sim`: simulates one deployment after the other, as it is told. */
import type { Report } from "./report.ts";
import { simulate, type SimulationOptions } from "./simulate.ts";

process.on("message", (options: SimulationOptions) => {
  void simulate(options).then((report: Report) => process.send?.(report));
});
