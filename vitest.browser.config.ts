import { defineConfig } from "vitest/config";

/** The suites that `npm run test:browser` runs in a real Chromium; never part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.browser.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // One browser at a time: each takes a processor for itself.
    fileParallelism: false,
  },
});
