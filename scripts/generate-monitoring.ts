/**
 * Writes deploy/monitoring from the lists in src/http/metric-list.ts and scripts/monitoring; a test tells when it is out of
 * date. `--runbooks URL` names another page of runbooks, `--out FOLDER` another folder.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { RUNBOOKS } from "../src/core/runbooks.ts";
import { monitoringFiles } from "./monitoring/files.ts";

const home = resolve(import.meta.dirname, "../deploy/monitoring");
const { values } = parseArgs({ options: { runbooks: { type: "string" }, out: { type: "string" } } });
const files = await monitoringFiles(values.runbooks ?? RUNBOOKS, readFileSync(join(home, "README.md"), "utf8"));
for (const [name, text] of files) writeFileSync(join(values.out ?? home, name), text);
