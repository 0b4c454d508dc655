import { cp, open, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { renewAll } from "./calm.ts";
import type { Case } from "./cases.ts";
import { must, type Ward } from "./ward.ts";

const PAGE_BYTES = 4096;
/** The settings ask for one. */
const TWO_HOURS_MIN = 120;
/** What the refusal of an unreadable state says to do, and what is done here. */
const WAY_BACK = /restore it from a backup, or move it away/;

/** The state is damaged or gone. The way back is the same in each case, and mints nothing. */
export const LOSS_CASES: readonly Case[] = [
  { name: "the state's first page is overwritten", run: (ward) => isDamaged(ward, overwriteFirstPage) },
  { name: "the state is cut in half", run: (ward) => isDamaged(ward, cutInHalf) },
  { name: "the state's inner pages are overwritten", run: (ward) => isDamaged(ward, overwriteInnerPages) },
  { name: "one page of the state is overwritten", run: (ward) => isDamaged(ward, overwriteOnePage) },
  { name: "the state and its key are lost", run: (ward) => isLost(ward, ["", "-wal", "-shm", ".key"]) },
  { name: "the state is lost, its key is not", run: (ward) => isLost(ward, ["", "-wal", "-shm"]) },
  { name: "the state's log is lost in a crash", run: loseLogInCrash },
  { name: "the key of the state is lost", run: loseKey },
  { name: "the key of the state is another", run: replaceKey },
  { name: "an older copy of the state is put back", run: (ward) => putBackOlderCopy(ward) },
  {
    name: "an older copy of the state is put back, and what is in use lives longer than what is asked for",
    run: (ward) => putBackOlderCopy(ward, TWO_HOURS_MIN),
  },
];

async function isDamaged(ward: Ward, damage: (stateFile: string) => Promise<void>): Promise<void> {
  await ward.prepare();
  const before = await ward.look();
  await damage(ward.stateFile);
  await ward.isRefused(/renewd\.db/, WAY_BACK);
  for (const end of ["", "-wal", "-shm"]) await moveAway(`${ward.stateFile}${end}`);
  await ward.isAsBefore(before);
}

async function isLost(ward: Ward, ends: readonly string[]): Promise<void> {
  await ward.prepare();
  const before = await ward.look();
  for (const end of ends) await rm(`${ward.stateFile}${end}`, { force: true });
  await ward.isAsBefore(before);
}

/** What was recorded since the last checkpoint is gone, and nobody says so. */
async function loseLogInCrash(ward: Ward): Promise<void> {
  await (await ward.begin()).kill();
  const before = await ward.look();
  const { size } = await stat(`${ward.stateFile}-wal`);
  must(size > 0, "there is no log to lose");
  await truncate(`${ward.stateFile}-wal`, Math.floor(size / 2));
  await rm(`${ward.stateFile}-shm`);
  await (await ward.isAsBefore(before)).kill();
  await rm(`${ward.stateFile}-wal`);
  await rm(`${ward.stateFile}-shm`);
  await ward.isAsBefore(before);
}

async function loseKey(ward: Ward): Promise<void> {
  await ward.prepare();
  const before = await ward.look();
  await rename(`${ward.stateFile}.key`, `${ward.stateFile}.key.aside`);
  await ward.isRefused(/its key \S+renewd\.db\.key is not/, /put the right one back/);
  await rename(`${ward.stateFile}.key.aside`, `${ward.stateFile}.key`);
  await ward.isAsBefore(before);
}

async function replaceKey(ward: Ward): Promise<void> {
  await ward.prepare();
  const before = await ward.look();
  const right = await readFile(`${ward.stateFile}.key`);
  await writeFile(`${ward.stateFile}.key`, Buffer.alloc(32, 7).toString("base64"));
  await ward.isRefused(/sealed with another key/, /put the right one back/);
  await writeFile(`${ward.stateFile}.key`, right);
  await ward.isAsBefore(before);
}

/** The state knows nothing of the tokens that are in use; no older one takes their place, and the next look finds them. */
async function putBackOlderCopy(ward: Ward, lifetimeMinutes?: number): Promise<void> {
  await ward.prepare();
  await cp(ward.stateFile, `${ward.stateFile}.copy`);
  const daemon = ward.site.start();
  await renewAll(ward.site, lifetimeMinutes);
  await daemon.stop();
  const before = await ward.look();
  for (const end of ["-wal", "-shm"]) await rm(`${ward.stateFile}${end}`, { force: true });
  await rename(`${ward.stateFile}.copy`, ward.stateFile);
  await ward.begin();
  const after = await ward.look();
  must(after.minted === before.minted && after.held === before.held, "a token was minted, or a target put back");
  await renewAll(ward.site);
  await ward.knowsAll();
}

async function overwriteFirstPage(file: string): Promise<void> {
  await overwrite(file, 0, PAGE_BYTES);
}

async function overwriteInnerPages(file: string): Promise<void> {
  const { size } = await stat(file);
  await overwrite(file, 3 * PAGE_BYTES, size - 4 * PAGE_BYTES);
}

/** The tokens' own: what is read of it first is read when the first of them is due. */
async function overwriteOnePage(file: string): Promise<void> {
  const database = new Database(file, { readonly: true });
  const page = database.prepare("select rootpage from sqlite_master where name = 'tokens'").pluck().get() as number;
  database.close();
  await overwrite(file, (page - 1) * PAGE_BYTES, PAGE_BYTES);
}

async function cutInHalf(file: string): Promise<void> {
  const { size } = await stat(file);
  await truncate(file, Math.floor(size / PAGE_BYTES / 2) * PAGE_BYTES);
}

async function overwrite(file: string, from: number, bytes: number): Promise<void> {
  await using handle = await open(file, "r+");
  await handle.write(Buffer.alloc(bytes, 0xa5), 0, bytes, from);
}

async function moveAway(file: string): Promise<void> {
  await rename(file, `${file}.damaged`).catch(() => undefined);
}
