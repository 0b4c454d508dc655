/**
 * A machine on which a page is followed: a folder with a checkout and what the page takes for granted, a shell, and daemons
 * in the background. Addresses and paths of the pages lead into it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, cp, glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { freePort } from "../../e2e/place.ts";
import { until } from "../../support/process.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const COPIED = [
  "bin",
  "config",
  "deploy",
  "docs",
  "package.json",
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "tsconfig.json",
];
const LINKED = ["node_modules", "test", "scripts"];
/** Each start compiles the sources anew otherwise. Keyed by content, so never stale. */
const COMPILED = join(ROOT, "node_modules/.cache/renewd-tests");
const COMMAND_MS = 180_000;
const DAEMON = /(?:^|\s)(?:npm start|renewd(?: -c \S+)? run)\b[^|;&]*$/;

export interface Ran {
  readonly code: number;
  readonly said: string;
}

export class Workshop implements AsyncDisposable {
  /** What stands in the pages -> what it is here. */
  readonly here: ReadonlyMap<string, string>;
  readonly folder: string;
  readonly env: Record<string, string>;
  /** What daemons said so far. */
  log = "";
  readonly #daemons: ReturnType<typeof spawn>[] = [];

  private constructor(folder: string, here: ReadonlyMap<string, string>) {
    this.folder = folder;
    this.here = here;
    this.env = {
      PATH: [join(folder, "tools"), dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      HOME: join(folder, "home"),
      TMPDIR: join(folder, "tmp"),
      NODE_COMPILE_CACHE: COMPILED,
      NO_COLOR: "1",
    };
  }

  static async open(): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), "renewd-docs-"));
    const [http, issuer] = [await freePort(), await freePort()];
    const shop = new Workshop(
      folder,
      new Map([
        ["127.0.0.1:8080", `127.0.0.1:${http}`],
        ["0.0.0.0:8080", `127.0.0.1:${http}`],
        ["127.0.0.1:8081", `127.0.0.1:${issuer}`],
        ...["/etc/renewd", "/var/lib/renewd", "/run/secrets", "/var/lib/airflow-tokens"].map(
          // Not the same path below another: what was led here once would be led here again.
          (path): [string, string] => [path, join(folder, "machine", path.slice(1).replaceAll("/", "-"))],
        ),
      ]),
    );
    await shop.#furnish();
    return shop;
  }

  get checkout(): string {
    return join(this.folder, "renewd");
  }

  async #furnish(): Promise<void> {
    for (const name of ["home", "tmp", "tools", "renewd", "machine/etc-renewd", "machine/run-secrets"])
      await mkdir(join(this.folder, name), { recursive: true, mode: 0o700 });
    for (const name of COPIED) await cp(join(ROOT, name), join(this.checkout, name), { recursive: true });
    for (const name of ["src", "tsconfig.build.json"])
      await cp(join(ROOT, name), join(this.checkout, name), { recursive: true });
    for (const name of LINKED) await symlink(join(ROOT, name), join(this.checkout, name));
    await this.tool("renewd", `exec node ${this.checkout}/bin/renewd.js "$@"`);
    const npm = (process.env["PATH"] ?? "").split(delimiter).map((each) => join(each, "npm"));
    // What `npm ci` brings is linked already, and a test fetches nothing.
    await this.tool(
      "npm",
      `[ "$1" = ci ] && exit 0\nfor npm in ${npm.join(" ")}; do [ -x "$npm" ] && exec "$npm" "$@"; done`,
    );
    await writeFile(join(this.folder, "cwd"), this.checkout);
    await writeFile(join(this.folder, "env"), "");
    await this.settle();
  }

  async tool(name: string, script: string): Promise<void> {
    const file = join(this.folder, "tools", name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }

  /** For a page that itself says what to type for `renewd`. */
  async withoutRenewd(): Promise<void> {
    await rm(join(this.folder, "tools/renewd"));
    const brought = "node_modules/.bin/node";
    if (!existsSync(join(this.checkout, brought))) this.lead(`$PWD/${brought}`, process.execPath);
  }

  /** A private file, by its name in the pages. */
  async write(name: string, text: string): Promise<void> {
    const file = resolve(this.checkout, this.localised(name));
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, text, { mode: 0o600 });
  }

  lead(name: string, to: string): void {
    (this.here as Map<string, string>).set(name, to);
  }

  localised(text: string): string {
    return [...this.here].reduce((all, [there, here]) => all.replaceAll(there, here), text);
  }

  #asInPages(text: string): string {
    return [...this.here].reduce((all, [there, here]) => all.replaceAll(here, there), text);
  }

  /** Settings that a command wrote name addresses of the pages, too. */
  async settle(): Promise<void> {
    const places = "{*,*/{config,deploy}/**,machine/**}/*.yaml";
    for await (const name of glob(places, { cwd: this.folder })) {
      const file = join(this.folder, name);
      const text = await readFile(file, "utf8");
      const local = this.localised(text);
      if (local !== text) await writeFile(file, local);
    }
  }

  /** Runs a command of a page to its end, or a daemon until it is ready. */
  async run(text: string, typed: string | null): Promise<Ran> {
    const isDaemon = DAEMON.test(text.trim());
    const child = this.#shell(this.localised(text), isDaemon);
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (more: string) => void (said += more));
    child.stdin?.on("error", () => undefined).end(typed ?? "");
    const closed = once(child, "close") as Promise<[number | null]>;
    if (isDaemon) {
      child.stderr?.on("data", (more: string) => void (this.log += more));
      child.stdout?.on("data", (more: string) => void (this.log += more));
      this.#daemons.push(child);
      const ended = closed.then(([code]) => Promise.reject(new Error(`it ended with ${code}`)));
      await Promise.race([this.#ready(), ended]).catch((cause: unknown) => {
        throw new Error(`${text}\n${said.slice(-3000)}`, { cause });
      });
      return { code: 0, said: "" };
    }
    const limit = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGKILL"), COMMAND_MS);
    const [code] = await closed;
    clearTimeout(limit);
    await this.settle();
    return { code: code ?? -1, said: this.#asInPages(said) };
  }

  #ready(): Promise<unknown> {
    const address = `http://${this.localised("127.0.0.1:8080")}/readyz`;
    return until("the daemon is ready", async () => (await fetch(address)).ok, COMMAND_MS);
  }

  /** The shell of the next command has the folder, the variables and the aliases of this one. */
  #shell(text: string, isDaemon: boolean): ReturnType<typeof spawn> {
    const [cwd, env] = [join(this.folder, "cwd"), join(this.folder, "env")];
    const keep = isDaemon ? "" : `trap 'pwd > ${cwd}; { export -p; alias -p; } > ${env}' EXIT\n`;
    const script = `set -eo pipefail\nshopt -s expand_aliases\n. ${env}\ncd "$(cat ${cwd})"\n${keep}exec 2>&1\n${text}\n`;
    return spawn("bash", ["-c", script], { cwd: this.checkout, env: this.env, detached: true, stdio: "pipe" });
  }

  /** Ctrl-C, which the whole group of a terminal gets. */
  async stop(): Promise<readonly (number | null)[]> {
    const ending = this.#daemons.splice(0).map(async (child) => {
      const closed = once(child, "close") as Promise<[number | null]>;
      process.kill(-(child.pid ?? 0), "SIGINT");
      return (await closed)[0];
    });
    return Promise.all(ending);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid, exitCode, signalCode } of this.#daemons.splice(0))
      if (exitCode === null && signalCode === null) process.kill(-(pid ?? 0), "SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }
}
