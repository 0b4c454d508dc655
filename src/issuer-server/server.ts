import type { AddressInfo } from "node:net";
import { createServer as createSecureServer } from "node:https";
import { type ServerType, createAdaptorServer } from "@hono/node-server";
import { MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import type { Clock, Random } from "../core/ports.ts";
import { IssuerAdmin } from "./admin.ts";
import { type IssuerDatabase, openIssuerDatabase } from "./database.ts";
import { createIssuerApp } from "./http-app.ts";
import { sessionKey, signingKeys } from "./key-files.ts";
import { type IssuerSeed, plantSeed } from "./seed.ts";
import type { IssuerServices } from "./services.ts";
import { Sessions } from "./sessions.ts";
import { WorkGate } from "./work-gate.ts";

/** Two sign-ins hash at once, 32 wait, the rest are told to come again. */
const SIGN_INS_AT_ONCE = 2;
const SIGN_INS_WAITING = 32;
const CLOSE_GRACE_MS = 2 * SECOND_MS;
const SERVER_OPTIONS = { requestTimeout: MINUTE_MS / 2, headersTimeout: 10 * SECOND_MS, maxHeaderSize: 16 * 1024 };
const MAX_CONNECTIONS = 512;

export interface IssuerServerOptions {
  /** Keys, passwords and `public_key.pem` lie beside it. */
  readonly dbFile: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly seed: IssuerSeed | null;
  /** An RSA key in PEM; without it one is made beside the database. */
  readonly signingKeyFile?: string;
  /** PEM texts; without them the server speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** What `/version` tells. */
  readonly version?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: (line: string) => void;
}

export interface IssuerServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly publicKeyFile: string;
  /** Lets running calls end for two seconds. */
  close(): Promise<void>;
}

/**
 * Starts the embedded issuer: opens or makes its database and keys, plants the seed, listens. Throws `state_key`,
 * `state_unreadable`, `usage` for an impossible seed, and `settings_invalid` when it cannot listen.
 */
export async function startIssuerServer(options: IssuerServerOptions): Promise<IssuerServer> {
  const database = await openIssuerDatabase(options.dbFile, options.random);
  try {
    const services = await prepare(options, database);
    const server = createHttpServer(options, services);
    await listen(server, options.host, options.port);
    server.on("error", (error: Error) => services.log(`the listening socket failed: ${error.name}`));
    return {
      url: urlOf(server, options),
      publicKeyFile: services.keys.publicKeyFile,
      close: async () => {
        await stop(server, options.clock);
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function prepare(options: IssuerServerOptions, database: IssuerDatabase): Promise<IssuerServices> {
  const { dbFile, clock, random } = options;
  const log = options.log ?? (() => undefined);
  const minted = await database.db.selectFrom("token_history").select("id").limit(1).executeTakeFirst();
  const keys = await signingKeys(dbFile, options.signingKeyFile, minted === undefined, random);
  const sessions = new Sessions(await sessionKey(dbFile, random), clock, random);
  if (options.seed !== null) {
    await plantSeed(new IssuerAdmin(database, random), options.seed, { dbFile, random, log });
  }
  const signInGate = new WorkGate(SIGN_INS_AT_ONCE, SIGN_INS_WAITING);
  const { db, sealer } = database;
  return { db, sealer, keys, sessions, signInGate, clock, random, version: options.version ?? "renewd", log };
}

function createHttpServer(options: IssuerServerOptions, services: IssuerServices): ServerType {
  const { fetch } = createIssuerApp(services);
  const common = { fetch, hostname: options.host };
  const server =
    options.tls === undefined
      ? createAdaptorServer({ ...common, serverOptions: SERVER_OPTIONS })
      : createAdaptorServer({
          ...common,
          createServer: createSecureServer,
          serverOptions: { ...SERVER_OPTIONS, ...options.tls },
        });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function listen(server: ServerType, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code ?? cause.name;
      reject(new RenewdError("settings_invalid", `the issuer cannot listen on ${host}:${port} (${why})`, { cause }));
    };
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

function urlOf(server: ServerType, options: IssuerServerOptions): string {
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return `${options.tls === undefined ? "http" : "https"}://${host}:${port}`;
}

async function stop(server: ServerType, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if ("closeIdleConnections" in server) server.closeIdleConnections();
  const cancel = clock.after(CLOSE_GRACE_MS, () => {
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  await closed;
  cancel();
}
