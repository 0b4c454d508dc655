/**
 * Builds the image without an engine: runs the commands of the Dockerfile in order in an empty folder, a root per stage,
 * with only what .dockerignore lets through, then starts the result. Prints what it does; exits 1 at the first failure.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { basename, delimiter, join, resolve } from "node:path";
import { type Instruction, parseDockerfile, type Stage } from "./dockerfile.ts";

const checkout = resolve(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(checkout, path), "utf8");
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What the build may see: .dockerignore is a star and then names that are let through. */
const context = new Set(read(".dockerignore").match(/(?<=^!).+$/gm));

/** The host's npm with this Node, and nothing of the checkout's own modules. */
function cleanEnvironment(folder: string): NodeJS.ProcessEnv {
  const bin = join(folder, "path");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const inherited = (process.env["PATH"] ?? "").split(delimiter).filter((entry) => !entry.startsWith(checkout));
  // npm tells its scripts much about the checkout; only how to reach the registry is of use here.
  const foreign = /^(npm_(?!config_(registry|cache|cafile|proxy|https_proxy)$)|INIT_CWD$|NODE_OPTIONS$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), PATH: [bin, ...inherited].join(delimiter) };
}

class Build {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  workdir = "/";
  root = "";

  constructor(folder: string) {
    this.#folder = folder;
    this.#env = cleanEnvironment(folder);
  }

  run(stage: Stage): void {
    this.root = join(this.#folder, stage.name);
    this.workdir = "/";
    mkdirSync(this.root);
    for (const instruction of stage.instructions) this.#do(instruction);
  }

  #do({ name, rest }: Instruction): void {
    say(`${name} ${rest}`);
    if (name === "WORKDIR") mkdirSync(this.inside((this.workdir = rest)), { recursive: true });
    else if (name === "COPY") this.#copy(rest.split(/\s+/));
    else if (name === "RUN" && / \/(var|etc|usr)\//.test(rest))
      say("  (concerns the image's own file system: left out)");
    else if (name === "RUN") this.start("sh", ["-c", rest]);
    else if (!["ENV", "VOLUME", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD"].includes(name)) {
      throw new TypeError(`the Dockerfile uses ${name}, which this script does not know`);
    }
  }

  #copy(words: readonly string[]): void {
    const paths = words.filter((word) => !word.startsWith("--"));
    const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
    const to = paths.at(-1) ?? "";
    for (const path of paths.slice(0, -1)) {
      if (from === undefined && !context.has(path)) throw new Error(`.dockerignore keeps ${path} out`);
      const source = from === undefined ? join(checkout, path) : join(this.#folder, from, path);
      const target = to.endsWith("/") ? join(to, basename(path)) : to;
      cpSync(source, this.inside(target), { recursive: true, verbatimSymlinks: true });
    }
  }

  /** A path of the image -> where it is here. */
  inside(path: string): string {
    return join(this.root, path.startsWith("/") ? path : join(this.workdir, path));
  }

  /** Starts it and lets it run. */
  spawn(file: string, args: readonly string[]): ReturnType<typeof spawn> {
    return spawn(file, args, { cwd: this.inside("."), env: this.#env, stdio: ["ignore", "ignore", "inherit"] });
  }

  start(file: string, args: readonly string[]): string {
    const cwd = this.inside(".");
    return execFileSync(file, args, { cwd, env: this.#env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  }
}

function bytesBelow(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** The last stage is the image: its entry point answers and runs, every module loads, and no settings are in it. */
async function checkResult(build: Build, last: Stage, scratch: string): Promise<void> {
  const entrypoint = last.instructions.find(({ name }) => name === "ENTRYPOINT")?.rest ?? "[]";
  const [file = "", ...rest] = JSON.parse(entrypoint) as readonly string[];
  const args = rest.map((path) => build.inside(path));
  const help = build.start(file, [...args, "--help"]);
  if (!help.includes("Usage: renewd")) throw new Error(`--help printed no usage:\n${help}`);
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Readonly<Record<string, string>> };
  const loads = Object.keys(dependencies).map((name) => `await import(${JSON.stringify(name)});`);
  const opens = 'new (await import("better-sqlite3")).default(":memory:").close();';
  build.start("node", ["--input-type=module", "-e", [...loads, opens].join("\n")]);
  const settings = readdirSync(build.inside("."), { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.ya?ml$/.test(path) && !path.startsWith("node_modules"),
  );
  if (settings.length > 0) throw new Error(`settings in the image: ${settings.join(", ")}`);
  await checkRunning(build, file, args, scratch);
  say(
    `the image's /app starts, loads ${loads.length} modules and holds ${Math.round(bytesBelow(build.root) / 1e6)} MB`,
  );
}

/** The quick start's settings on free ports: the built daemon has to answer, with everything that its pages are made of. */
async function checkRunning(build: Build, file: string, args: readonly string[], scratch: string): Promise<void> {
  const [page, issuer] = [await freePort(), await freePort()];
  const settings = join(scratch, "config", "renewd.yaml");
  mkdirSync(join(scratch, "config"), { recursive: true });
  const text = read("config/renewd.yaml").replace("127.0.0.1:8080", `127.0.0.1:${page}`);
  writeFileSync(settings, text.replace("127.0.0.1:8081", `127.0.0.1:${issuer}`));
  const daemon = build.spawn(file, [...args, "--config", settings, "run"]);
  const ended = once(daemon, "exit");
  try {
    const health = await answerOf(`http://127.0.0.1:${page}/healthz`, daemon);
    if (!health.includes("alive")) throw new Error(`/healthz answers ${health}`);
    const names = readdirSync(join(checkout, "src/http/dashboard/assets")).filter((name) => name.endsWith(".js"));
    for (const name of [...names, "style.css"]) {
      const asset = await answerOf(`http://127.0.0.1:${page}/assets/${name}`, daemon);
      if (asset.includes("sourceMappingURL")) throw new Error(`/assets/${name} names a source map that is not served`);
    }
    say(`it runs, says that it lives, and serves the dashboard's ${names.length} scripts`);
  } finally {
    daemon.kill("SIGTERM");
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Asks again until it listens. Throws when it ended, does not listen within a minute, or answers with anything but 200. */
async function answerOf(url: string, daemon: ReturnType<typeof spawn>): Promise<string> {
  for (const endMs = Date.now() + 60_000; ;) {
    if (daemon.exitCode !== null) throw new Error(`the built daemon ended with ${daemon.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.status === 200) return answer.text();
    if (answer !== undefined) throw new Error(`${url} is answered with ${answer.status}`);
    if (Date.now() > endMs) throw new Error("the built daemon does not listen");
    await sleep(200);
  }
}

const folder = mkdtempSync(join(tmpdir(), "renewd-image-"));
try {
  const stages = parseDockerfile(read("Dockerfile"));
  const build = new Build(folder);
  for (const stage of stages) build.run(stage);
  const last = stages.at(-1);
  if (last === undefined) throw new TypeError("the Dockerfile is empty");
  await checkResult(build, last, join(folder, "scratch"));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
