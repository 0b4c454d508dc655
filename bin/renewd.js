#!/usr/bin/env node
// Plain JavaScript that old Nodes can read: on one of them SQLite's binary would die without a word. So the version is
// checked before anything of renewd is loaded.
import { existsSync } from "node:fs";

const NODE_LEAST = 24;

if (Number.parseInt(process.versions.node, 10) < NODE_LEAST) {
  process.stderr.write(
    `renewd needs Node ${NODE_LEAST} or newer; this is Node ${process.versions.node} (${process.execPath}).\n` +
      `In a checkout use \`npm start\` or \`npm run -s renewd -- …\`: after \`npm ci\` they bring Node ${NODE_LEAST} along on Linux x64. Elsewhere install it from https://nodejs.org.\n`,
  );
  process.exitCode = 64;
} else {
  // A checkout has the sources, and edits count at once; a package and the image have only what was built of them.
  const source = new URL("../src/main.ts", import.meta.url);
  await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href);
}
