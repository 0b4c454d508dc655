import { execFile } from "node:child_process";
import { appendFile, mkdir, readFile, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { askHealth } from "../../src/http/health.ts";
import { pause, type Renewd, until } from "../support/process.ts";
import { renewAll } from "./calm.ts";
import type { Case } from "./cases.ts";
import { must, NotPossible, type Ward } from "./ward.ts";

const run = promisify(execFile);
const DISK_BYTES = 4 * 1024 * 1024;
/** Enough for a few small rows, and too little for a token: it must not be asked for. */
const LEFT_BYTES = 32 * 1024;
/** So long the full disk is lived with, several ticks, */
const FULL_MS = 5_000;
/** in which a daemon that tries again at each tick says less than this, and one that tries at once far more. */
const LINES_MAX = 200;
const LATE_MS = 30_000;
const HEALTH_EVERY_MS = 250;
const HEALTH_LIMIT_MS = 3_000;
/** What the daemon gives to work under way, and a little for itself. */
const STOP_LIMIT_MS = 25_000;

/** The disk under the state is in trouble. Tests may run as root, which file modes do not stop: a file system of its own does. */
export const DISK_CASES: readonly Case[] = [
  { name: "the state's disk is full while the daemon runs", run: (ward) => onItsOwnDisk(ward, fillWhileRunning) },
  { name: "the state's disk is full at the start", run: (ward) => onItsOwnDisk(ward, startOnFullDisk) },
  { name: "the state's disk is read-only", run: (ward) => onItsOwnDisk(ward, startReadOnly) },
];

async function onItsOwnDisk(ward: Ward, use: (ward: Ward, folder: string) => Promise<void>): Promise<void> {
  const folder = dirname(ward.stateFile);
  await mkdir(folder, { recursive: true });
  await mount(["-t", "tmpfs", "-o", `size=${DISK_BYTES},mode=0700`, "tmpfs", folder]);
  try {
    await use(ward, folder);
  } finally {
    await Promise.all(ward.site.place.processes.filter(({ args }) => args[0] === "run").map((each) => each.kill()));
    await run("umount", [folder]);
  }
}

/** Nothing is asked for that could not be recorded; readers notice nothing; it stays alive, calm and obedient; freed, it goes on by itself. */
async function fillWhileRunning(ward: Ward, folder: string): Promise<void> {
  const { site } = ward;
  await lookOften(ward);
  const daemon = await ward.begin();
  const before = await ward.look();
  await fill(folder, LEFT_BYTES);
  await until("the full disk is told of", async () => {
    await site.wish("alpha");
    return daemon.log.some(({ code }) => code === "state_unwritable");
  });
  await fill(folder, 0, "rest");
  await staysCalm(ward, daemon);
  const amid = await ward.look();
  must(amid.minted === before.minted, "a token was minted that could not be recorded");
  must(amid.held === before.held, "a target was changed");
  must(daemon.running, "the daemon ended");
  await endsWell(daemon);
  await rm(join(folder, "rest"), { force: true });
  await rm(join(folder, "filler"));
  await ward.begin();
  await renewAll(site);
  await ward.knowsAll();
}

/** Targets come due again and again, so that there is work that cannot even be claimed. */
async function lookOften({ site: { place } }: Ward): Promise<void> {
  const settings = await readFile(place.settingsFile, "utf8");
  await place.settings(settings.replaceAll(/hold: \d+s(?=,| \})/g, "$&, observe: 2s"));
}

/** It answers that it is alive all the while, and does not try again and again at once what cannot be recorded. */
async function staysCalm({ site }: Ward, daemon: Renewd): Promise<void> {
  const before = linesOf(daemon);
  const endMs = performance.now() + FULL_MS;
  // On a busy machine a tick may be late: the full disk is lived with until something came due.
  const lastMs = endMs + LATE_MS;
  while (performance.now() < endMs || (linesOf(daemon) === before && performance.now() < lastMs)) {
    must(await askHealth(site.place.url, HEALTH_LIMIT_MS), "/healthz did not answer that it is alive");
    await pause(HEALTH_EVERY_MS);
  }
  const lines = linesOf(daemon) - before;
  must(lines > 0, "nothing came due while the disk was full");
  must(lines < LINES_MAX, `${lines} lines were logged in ${FULL_MS} ms of a full disk`);
}

async function endsWell(daemon: Renewd): Promise<void> {
  daemon.signal("SIGTERM");
  await until("the daemon ends while the disk is full", () => !daemon.running, STOP_LIMIT_MS);
  const { code, signal } = await daemon.ended;
  must(code === 0, `while the disk was full it ended with ${code ?? signal}`);
}

function linesOf({ stderr }: Renewd): number {
  return stderr.split("\n").length - 1;
}

/** It may refuse to start or start and wait; either way nothing is asked for, and freed it goes on. */
async function startOnFullDisk(ward: Ward, folder: string): Promise<void> {
  await (await ward.begin()).kill();
  const before = await ward.look();
  await fill(folder, 0);
  const daemon = ward.site.start();
  await until("the full disk is told of", async () => {
    await ward.site.wish("alpha");
    return /state_unwritable|is full/.test(daemon.stderr);
  });
  const amid = await ward.look();
  must(amid.minted === before.minted, "a token was minted that could not be recorded");
  must(amid.held === before.held, "a target was changed");
  await rm(join(folder, "filler"));
  if (!daemon.running) must((await daemon.ended).code === 4, `exit code ${(await daemon.ended).code}`);
  await daemon.kill();
  await (await ward.isAsBefore(before)).stop();
}

async function startReadOnly(ward: Ward, folder: string): Promise<void> {
  await ward.prepare();
  const before = await ward.look();
  await mount(["-o", "remount,ro", folder]);
  await ward.isRefused(/renewd\.db/, /read-?only/);
  await mount(["-o", "remount,rw", folder]);
  await ward.isAsBefore(before);
}

/** A daemon may write meanwhile, so that what was free a moment ago does not fit any more. */
async function fill(folder: string, leftBytes: number, name = "filler"): Promise<void> {
  for (;;) {
    const { bavail, bsize } = await statfs(folder);
    const bytes = bavail * bsize - leftBytes;
    if (bytes <= 0) return;
    await appendFile(join(folder, name), Buffer.alloc(bytes)).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== "ENOSPC") throw thrown;
    });
  }
}

async function mount(args: readonly string[]): Promise<void> {
  try {
    await run("mount", args);
  } catch (thrown) {
    const { stderr = "" } = thrown as { readonly stderr?: string };
    throw new NotPossible(`mount ${args.join(" ")}: ${stderr.trim() || String(thrown)}`);
  }
}
