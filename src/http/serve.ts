import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { RenewdError } from "../core/errors.ts";
import type { HttpApp } from "./http-app.ts";
import { bracketed } from "./known-host.ts";

export interface Listening {
  /** Where to call it, `http://127.0.0.1:8080`; a wildcard address is shown as the loopback's. */
  readonly url: string;
  /** Ends open streams and idle connections too. */
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 512;
const REQUEST_LIMIT_MS = 30_000;
/** Shorter, so that who only opens connections cannot hold them all for long. */
const HEADERS_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 5_000;

/** Listens; port 0 takes any. Throws `settings_invalid` when the address cannot be had. */
export async function serveHttp(
  app: HttpApp,
  where: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      requestTimeout: REQUEST_LIMIT_MS,
      headersTimeout: HEADERS_LIMIT_MS,
      connectionsCheckingInterval: LOOK_EVERY_MS,
    },
  }) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, where);
  const { port } = server.address() as AddressInfo;
  return { url: `http://${callable(where.host)}:${port}`, close: () => close(server) };
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = WHY[error.code ?? ""] ?? `it cannot be listened on (${error.code ?? error.name})`;
      const place = `${bracketed(host)}:${port}`;
      reject(new RenewdError("settings_invalid", `http.listen ${place}: ${why}`, { cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there already; stop it, or choose another port",
  EACCES: "this user may not listen there; ports below 1024 need a privilege",
  EADDRNOTAVAIL: "this host has no such address",
  ENOTFOUND: "there is no host of this name",
};

function callable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "[::1]" : bracketed(host);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
