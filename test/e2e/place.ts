import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Ended, Renewd, type SpawnOptions, until } from "../support/process.ts";
import { claimsOf } from "./reader.ts";

const LAUNCHED_AT_MOST = 200;
/** For tests of processes: on a busy machine each start may take ten seconds. What is waited for has limits of its own. */
export const PATIENT = { testTimeout: 300_000, hookTimeout: 300_000 } as const;

/** A folder of its own with the settings, the state and the targets of one daemon, and every process that was started on it. */
export class Place implements AsyncDisposable {
  readonly folder: string;
  readonly httpPort: number;
  readonly processes: Renewd[] = [];
  readonly settingsFile: string;
  readonly stateFile: string;
  /** What consumers read. */
  readonly target: string;

  constructor(folder: string, httpPort: number) {
    this.folder = folder;
    this.httpPort = httpPort;
    this.settingsFile = this.path("config/renewd.yaml");
    this.stateFile = this.path("var/renewd.db");
    this.target = this.path("var/secrets/FLOWAPI_TOKEN");
  }

  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Relative to the folder; private, as settings and secrets have to be, and there at once: a daemon may be reading. */
  async write(name: string, text: string): Promise<string> {
    const file = this.path(name);
    const draft = `${file}.draft`;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, text);
    await chmod(draft, 0o600);
    await rename(draft, file);
    return file;
  }

  settings(text: string): Promise<string> {
    return this.write("config/renewd.yaml", text);
  }

  read(): Promise<string> {
    return readFile(this.target, "utf8");
  }

  /** A verb on this place's settings. */
  start(verb: readonly string[], options: SpawnOptions = {}): Renewd {
    return this.launch([...verb, "-c", this.settingsFile], options);
  }

  /** The daemon, once it is ready: its first look at all tokens is done. */
  async daemon(options: SpawnOptions & { readonly flags?: readonly string[] } = {}): Promise<Renewd> {
    const daemon = this.start(["run", ...(options.flags ?? [])], options);
    await daemon.event("daemon:started");
    await until("the daemon is ready", async () => (await fetch(`${this.url}/readyz`)).ok);
    return daemon;
  }

  /** A verb on this place's settings, run to its end. */
  run(...verb: readonly string[]): Promise<Ended> {
    return this.start(verb).ended;
  }

  /**
   * `renewd renew` of the one token that the target holds, in a later second than it was made in: FlowAuth counts in
   * seconds, and what expires at the same instant is no gain.
   */
  async renew(token: string): Promise<Ended> {
    await until("the second is over", async () => claimsOf(await this.read()).iat < Math.floor(Date.now() / 1000));
    return this.run("renew", token);
  }

  /** Any command line of renewd's. */
  launch(args: readonly string[], options: SpawnOptions = {}): Renewd {
    if (this.processes.length >= LAUNCHED_AT_MOST) throw new Error("so many processes are a loop");
    const renewd = new Renewd(args, { cwd: this.folder, ...options });
    this.processes.push(renewd);
    return renewd;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.processes.filter((each) => each.running).map((each) => each.kill()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function newPlace(): Promise<Place> {
  const place = new Place(await mkdtemp(join(tmpdir(), "renewd-e2e-")), await freePort());
  await mkdir(place.path("var"));
  return place;
}

/**
 * Below the range from which the kernel gives ports to others that ask for any. No other test is given it while this process
 * lives, also when nobody listens there yet or just now: that is told by its namesake of UDP, which is taken here.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if ((await isOurs(port)) && (await isFree(port))) return port;
  }
  throw new Error("no free port found");
}

async function isOurs(port: number): Promise<boolean> {
  const socket = createSocket("udp4").unref();
  socket.bind({ port, address: "127.0.0.1", exclusive: true });
  return once(socket, "listening").then(
    () => true,
    () => false,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
