/**
 * Builds the image without an engine: runs the commands of the Dockerfile in order in an empty folder, a root per stage,
 * with only what .dockerignore lets through, then starts the result. Prints what it does; exits 1 at the first failure.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
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

  start(file: string, args: readonly string[]): string {
    const cwd = this.inside(".");
    return execFileSync(file, args, { cwd, env: this.#env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  }
}

function bytesBelow(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** The last stage is the image: its entry point answers, every module loads, and no settings are in it. */
function checkResult(build: Build, last: Stage): void {
  const entrypoint = last.instructions.find(({ name }) => name === "ENTRYPOINT")?.rest ?? "[]";
  const [file = "", ...args] = JSON.parse(entrypoint) as readonly string[];
  const help = build.start(file, [...args.map((path) => build.inside(path)), "--help"]);
  if (!help.includes("Usage: renewd")) throw new Error(`--help printed no usage:\n${help}`);
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Readonly<Record<string, string>> };
  const loads = Object.keys(dependencies).map((name) => `await import(${JSON.stringify(name)});`);
  const opens = 'new (await import("better-sqlite3")).default(":memory:").close();';
  build.start("node", ["--input-type=module", "-e", [...loads, opens].join("\n")]);
  const settings = readdirSync(build.inside("."), { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.ya?ml$/.test(path) && !path.startsWith("node_modules"),
  );
  if (settings.length > 0) throw new Error(`settings in the image: ${settings.join(", ")}`);
  say(
    `the image's /app starts, loads ${loads.length} modules and holds ${Math.round(bytesBelow(build.root) / 1e6)} MB`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "renewd-image-"));
try {
  const stages = parseDockerfile(read("Dockerfile"));
  const build = new Build(folder);
  for (const stage of stages) build.run(stage);
  const last = stages.at(-1);
  if (last === undefined) throw new TypeError("the Dockerfile is empty");
  checkResult(build, last);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
