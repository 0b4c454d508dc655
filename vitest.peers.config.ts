import { defineConfig } from "vitest/config";

/** The suites that `npm run test:peers` runs against servers that others wrote; never part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/peers/**/*.peer.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
