/**
 * The stand-in as a process of its own, on the real clock until SIGTERM:
 * `node test/support/arvados/serve.ts --port N [--tls] [--root-token T]`. Prints one line of JSON: `url` and `rootToken`,
 * and with --tls `ca`, the certificate in PEM.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../../../src/runtime/clock.ts";
import { makeCertificate } from "../tls-certificate.ts";
import { FakeArvados } from "./server.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, tls: { type: "boolean" }, "root-token": { type: "string" } },
});
const rootToken = values["root-token"];
const server = new FakeArvados({ clock: systemClock, ...(rootToken === undefined ? {} : { rootToken }) });
const tls = values.tls === true ? makeCertificate("localhost") : undefined;
await server.start({ port: Number(values.port), ...(tls === undefined ? {} : { tls }) });
process.on("SIGTERM", () => void server.close());
process.stdout.write(`${JSON.stringify({ url: server.url, rootToken: server.rootToken, ca: tls?.cert })}\n`);
