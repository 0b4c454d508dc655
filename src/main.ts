import * as app from "./app.ts";
import { processCli } from "./cli/process-cli.ts";
import { runCli } from "./cli/program.ts";

process.exitCode = await runCli(process.argv.slice(2), processCli(app));
