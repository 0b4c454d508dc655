import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The end-to-end tests mostly wait for real processes, so more files than cores run at once.
    maxWorkers: Math.max(4, availableParallelism() - 1),
  },
});
