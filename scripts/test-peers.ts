/**
 * `npm run test:peers`: runs the contract suite of the Secrets Manager store against servers that others wrote, lets
 * Arvados' own client work beside renewd's, has Airflow read what renewd writes, Prometheus' own tool judge the rules, and
 * Alertmanager take the alerts. `npm run test:peers -- airflow` runs those only whose name begins so.
 * Makes an environment for each under .peers/: Python's with pinned versions, Debian's as the machine's release has them.
 * Says by name which peer could not be started and which checks one cannot answer truly. Exits 1 only when a check failed.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

interface Peer {
  readonly name: string;
  /** The file of test/peers that puts it to work. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Where the packages come from. Debian's are unpacked, not installed: no service starts, no administrator is needed. */
  readonly from: "pypi" | "debian";
  /** What the packages need in turn is taken as PyPI had it on this day: for those that later versions of it break. */
  readonly asOf?: string;
  /** Null for a client, which its suite starts. */
  readonly server: PeerServer | null;
}

interface PeerServer {
  /** argv below where the packages' programs are, and environment variables. */
  readonly command: (port: number) => readonly string[];
  readonly env: (port: number) => Readonly<Record<string, string>>;
}

const PEERS: readonly Peer[] = [
  {
    name: "moto",
    suite: "secrets-manager.peer.ts",
    packages: ["moto[secretsmanager]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"],
    from: "pypi",
    server: {
      command: (port) => ["moto_server", "-H", "127.0.0.1", "-p", String(port)],
      env: () => ({}),
    },
  },
  {
    name: "ministack",
    suite: "secrets-manager.peer.ts",
    packages: ["ministack==1.5.33"],
    from: "pypi",
    server: {
      command: () => ["ministack"],
      env: (port) => ({ GATEWAY_PORT: String(port), BIND_HOST: "127.0.0.1" }),
    },
  },
  {
    name: "arvados-python-client",
    suite: "arvados.peer.ts",
    packages: ["arvados-python-client==3.2.1"],
    from: "pypi",
    server: null,
  },
  {
    name: "airflow-2",
    suite: "airflow.peer.ts",
    packages: ["apache-airflow==2.10.5", "apache-airflow-providers-amazon==9.2.0"],
    from: "pypi",
    asOf: "2025-02-20",
    server: null,
  },
  {
    name: "airflow-3",
    suite: "airflow.peer.ts",
    packages: ["apache-airflow==3.3.2", "apache-airflow-providers-amazon==9.39.0"],
    from: "pypi",
    asOf: "2026-11-22",
    server: null,
  },
  { name: "promtool", suite: "promtool.peer.ts", packages: ["prometheus"], from: "debian", server: null },
  {
    name: "alertmanager",
    suite: "alertmanager.peer.ts",
    packages: ["prometheus-alertmanager"],
    from: "debian",
    server: null,
  },
];

/** Installs in seconds what takes pip minutes, and knows of days. */
const UV = "uv==0.13.9";
const HOME = resolve(import.meta.dirname, "..", ".peers");
const START_MS = 60_000;
const INSTALL_MS = 600_000;
const SUITE_MS = 600_000;

interface Result {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(beginnings: readonly string[]): Promise<number> {
  const peers = PEERS.filter(
    ({ name }) => beginnings.length === 0 || beginnings.some((beginning) => name.startsWith(beginning)),
  );
  if (peers.length === 0) {
    say(`no such peer; there are ${PEERS.map(({ name }) => name).join(", ")}`);
    return 1;
  }
  await mkdir(HOME, { recursive: true });
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const absent: string[] = [];
  for (const peer of peers) {
    say(`\n${peer.name} (${peer.packages.join(", ")})`);
    const result = await testPeer(peer).catch((error: unknown) => {
      say(`  could not be started: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    });
    if (result === null) {
      absent.push(peer.name);
      continue;
    }
    for (const name of result.failed) say(`  failed: ${name}`);
    for (const name of result.skipped) say(`  cannot answer truly: ${name}`);
    say(`  ${result.passed} passed, ${result.failed.length} failed, ${result.skipped.length} not answered`);
    totals.passed += result.passed;
    totals.failed += result.failed.length;
    totals.skipped += result.skipped.length;
  }
  if (absent.length > 0) say(`\nnot started: ${absent.join(", ")}`);
  say(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} not answered`);
  return totals.failed > 0 ? 1 : 0;
}

async function testPeer(peer: Peer): Promise<Result> {
  const bin = await install(peer);
  if (peer.server === null) return runSuite(peer, { RENEWD_PEER_BIN: bin });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await start(peer.name, peer.server, bin, port);
  try {
    await answers(url, server, peer);
    return await runSuite(peer, { RENEWD_PEER_NAME: peer.name, RENEWD_PEER_URL: url });
  } finally {
    await stop(server);
  }
}

/** Installs into a fresh environment, or takes the one that was made for the same pins. */
async function install(peer: Peer): Promise<string> {
  const home = join(HOME, peer.name);
  const bin = join(home, peer.from === "debian" ? "unpacked/usr/bin" : "bin");
  const stamp = join(home, "installed.json");
  const wanted = JSON.stringify([...peer.packages, ...(peer.asOf === undefined ? [] : [UV, peer.asOf])]);
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return bin;
  await rm(home, { recursive: true, force: true });
  if (peer.from === "debian") {
    await unpack(home, peer.packages);
  } else {
    await run("python3", ["-m", "venv", home]);
    const pip = (...packages: readonly string[]): Promise<void> =>
      run(join(bin, "pip"), ["install", "--quiet", "--disable-pip-version-check", ...packages]);
    if (peer.asOf === undefined) {
      await pip(...peer.packages);
    } else {
      await pip(UV);
      const where = ["--quiet", "--no-cache", "--python", join(bin, "python"), "--exclude-newer", peer.asOf];
      // As pip does: a machine whose way out has a certificate authority of its own knows it.
      await run(join(bin, "uv"), ["pip", "install", "--system-certs", ...where, ...peer.packages]);
    }
  }
  await writeFile(stamp, wanted);
  return bin;
}

async function unpack(home: string, packages: readonly string[]): Promise<void> {
  await mkdir(home, { recursive: true });
  const download = (): Promise<void> => run("apt-get", ["download", "--quiet", ...packages], home);
  // A fresh image has no lists of packages yet; fetching them needs an administrator, having them does not.
  await download().catch(async () => {
    await run("apt-get", ["update", "--quiet"]);
    await download();
  });
  for (const archive of (await readdir(home)).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg-deb", ["--extract", join(home, archive), join(home, "unpacked")]);
    await rm(join(home, archive));
  }
}

async function start(
  name: string,
  { command, env: own }: PeerServer,
  bin: string,
  port: number,
): Promise<ChildProcess> {
  const [program = "", ...args] = command(port);
  const log = await open(join(HOME, `${name}.log`), "w");
  try {
    const env = { ...process.env, ...own(port) };
    const server = spawn(join(bin, program), args, { env, stdio: ["ignore", log.fd, log.fd] });
    await once(server, "spawn");
    return server;
  } finally {
    await log.close();
  }
}

async function answers(url: string, server: ChildProcess, peer: Peer): Promise<void> {
  const body = new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" });
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(200)) {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}; see .peers/${peer.name}.log`);
    const answered = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(2_000) }).catch(() => null);
    if (answered !== null) return;
  }
  throw new Error(`no answer within ${START_MS / 1_000} s; see .peers/${peer.name}.log`);
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await Promise.race([ended, sleep(5_000).then(() => server.kill("SIGKILL"))]);
  await ended;
}

async function runSuite(peer: Peer, given: Readonly<Record<string, string>>): Promise<Result> {
  const report = join(HOME, `${peer.name}.json`);
  await rm(report, { force: true });
  const vitest = resolve(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
  const config = ["-c", "vitest.peers.config.ts", "--reporter=json", `--outputFile=${report}`];
  const args = [vitest, "run", ...config, `test/peers/${peer.suite}`];
  const env = { ...process.env, ...given };
  const root = resolve(import.meta.dirname, "..");
  const suite = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: "ignore",
    signal: AbortSignal.timeout(SUITE_MS),
  });
  await once(suite, "exit");
  return readReport(await readFile(report, "utf8"));
}

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function readReport(text: string): Result {
  const files = (JSON.parse(text) as Report).testResults;
  const checks = files.flatMap(({ assertionResults }) => assertionResults);
  const broken = files.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  const failed = checks.filter(({ status }) => status === "failed");
  return {
    passed: checks.filter(({ status }) => status === "passed").length,
    failed: [
      ...failed.map((check) => `${check.fullName}: ${check.failureMessages[0]?.split("\n")[0] ?? ""}`),
      ...broken.map(({ message }) => message),
    ],
    skipped: checks.filter(({ status }) => status === "skipped").map(({ fullName }) => fullName),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function run(program: string, args: readonly string[], cwd: string = HOME): Promise<void> {
  const signal = AbortSignal.timeout(INSTALL_MS);
  const child = spawn(program, args, { cwd, stdio: ["ignore", "ignore", "pipe"], signal });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2_000)));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} failed: ${complaint.trim().split("\n").at(-1) ?? ""}`);
}

process.exitCode = await main(process.argv.slice(2));
