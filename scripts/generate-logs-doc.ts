import { writeFileSync } from "node:fs";
import { logsDoc } from "./logs/logs-doc.ts";

/** Writes docs/logs.md; a test tells when it is out of date. */
writeFileSync(new URL("../docs/logs.md", import.meta.url), await logsDoc());
