import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Nets for what hangs: the same test takes ten times as long on a machine that has other work.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The end-to-end tests mostly wait for real processes, so more files than cores run at once.
    maxWorkers: Math.max(4, availableParallelism() - 1),
  },
});
