import { appendFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Renewd, until } from "../support/process.ts";
import { calm, type HeldToken, renewAll } from "./calm.ts";
import { execute } from "./executioner.ts";
import type { Kind } from "./kinds.ts";
import { reckon, type Reckoning } from "./oracle.ts";
import { Person } from "./person.ts";
import { Plaintext } from "./plaintext.ts";
import type { Kill, RoundPlan } from "./plan.ts";
import { Readers } from "./readers.ts";
import { openSite, type Site } from "./site.ts";
import { SHARED_SECRET } from "./site-settings.ts";
import { STEPS } from "./steps.ts";

/** How one place fared that was killed again and again. */
export interface RoundReport {
  readonly issuer: Kind;
  readonly kills: number;
  readonly reached: readonly string[];
  readonly missed: readonly string[];
  /** Requests that nobody waited for any more when their token was made: each may cost a spare. */
  readonly madeLate: number;
  readonly reckoning: Reckoning;
  /** What nobody knew of when all was settled, before the look that every renewal begins with. */
  readonly unknownUntilLook: readonly string[];
  /** Tokens that were ended before their time because renewd asked for that. */
  readonly ended: number;
  readonly person: Pick<Person, "made" | "discarded">;
  readonly reads: number;
  readonly readsBelow: readonly string[];
  /** Reads between the end of a token at its issuer and the delivery of the next, which nobody can help there. */
  readonly readsCutOff: number;
  readonly leastSpareMs: number;
  readonly plaintext: readonly string[];
  /** How often a daemon was left alone because a deadline was near. */
  readonly breathers: number;
  /** Whatever else does not hold. */
  readonly wrong: readonly string[];
}

/** What no daemon may ever say, however often it is killed. */
const NEVER_SAID: ReadonlySet<string> = new Set([
  "sweep:failed",
  "lease:lost",
  "renewal:quarantined",
  "issue:foreign",
  "target:drifted",
]);

/** A call's longest time, the shortest backoff, the looks around them and a start, on a busy machine. */
const PEACE_MS = 20_000;

interface RoundOptions {
  /** Told of each death. */
  readonly tell?: (line: string) => void;
  /** A folder for what the daemons log. */
  readonly logs?: string | undefined;
  /** Of most tokens; by default one or two minutes. */
  readonly lifetime?: string;
}

export async function runRound(plan: RoundPlan, options: RoundOptions = {}): Promise<RoundReport> {
  const { issuer } = plan;
  const { lifetime } = options;
  await using site = await openSite({ issuer, ...(lifetime === undefined ? {} : { lifetime }) });
  const plaintext = new Plaintext();
  await using readers = new Readers(site.berths, site.side);
  await using person = new Person(site);
  const deaths = await killAll(site, plan, readers, plaintext, options);
  await site.proxy?.quiet();
  const last = site.start();
  const { before, held } = await settleAll(site, () => keepLog(options.logs, "never, the last one", last));
  plaintext.look("what the daemon answers", await site.answers());
  plaintext.look("arguments", await readFile(`/proc/${last.pid}/cmdline`).catch(() => ""));
  const reckoning = await reckonAt(site);
  await person[Symbol.asyncDispose]();
  const wrong = [
    ...saidWrong(site.place.processes),
    ...(await leftWrong(site, held, reckoning)),
    ...(await endedWrong(last)),
  ];
  await readers[Symbol.asyncDispose]();
  await lookEverywhere(site, plaintext, [...reckoning.texts, ...readers.tokens]);
  return {
    issuer,
    ...deaths,
    madeLate: site.proxy?.madeLate ?? 0,
    reckoning,
    unknownUntilLook: before.orphans,
    ended: site.side.endings().length,
    person,
    reads: readers.reads,
    readsBelow: [...readers.below, ...readers.endedUnderReaders()],
    readsCutOff: readers.cutOff,
    leastSpareMs: readers.leastSpareMs,
    plaintext: [...plaintext.found],
    wrong,
  };
}

/** Look before ask finds whatever a lost answer made; only what is made when nobody waits for it any more may be a spare. */
export function tooManySpares({ spares }: Reckoning, most: number): readonly string[] {
  return spares.length <= most ? [] : [`${spares.length} spare tokens, at most ${most} are due: ${spares.join(", ")}`];
}

async function killAll(
  site: Site,
  plan: RoundPlan,
  readers: Readers,
  plaintext: Plaintext,
  { tell = () => undefined, logs }: RoundOptions,
): Promise<Pick<RoundReport, "kills" | "reached" | "missed" | "breathers">> {
  const reached: string[] = [];
  const missed: string[] = [];
  const left = [...plan.kills];
  let kills = 0;
  let breathers = 0;
  for (let kill = left.shift(); kill !== undefined; kill = left.shift()) {
    kills += 1;
    if (readers.spareMs < PEACE_MS) {
      breathers += 1;
      await leaveInPeace(site, readers);
    }
    const name = kill.step?.name ?? `random, ${kill.delayMs} ms after the start`;
    const death = await execute(site, kill);
    if (!death.reached && !missed.includes(name)) left.unshift(...onceMore(kill));
    if (kill.step !== null) (death.reached ? reached : missed).push(name);
    addSecrets(site, plaintext);
    await plaintext.lookAtFiles(site.place);
    await keepLog(logs, name, death.daemon);
    tell(`${plan.issuer}: ${name}${death.reached ? "" : " (never came)"}`);
  }
  return { kills, reached, missed, breathers };
}

/** Whether a step comes may hang on what else was due just then, on a busy machine. */
function onceMore(kill: Kill): readonly Kill[] {
  const cause = STEPS.find(({ name }) => name === kill.step?.afterDeathAt);
  return cause === undefined ? [kill] : [{ ...kill, step: cause }, kill];
}

/** What is known when all is settled, and what the targets hold when every token was renewed once more. */
async function settleAll(
  site: Site,
  inTheEnd: () => Promise<void>,
): Promise<{ readonly before: Reckoning; readonly held: ReadonlyMap<string, HeldToken> }> {
  try {
    await calm(site);
    return { before: await reckonAt(site), held: await renewAll(site) };
  } finally {
    await inTheEnd();
  }
}

async function reckonAt({ side, place, deaths }: Site): Promise<Reckoning> {
  return reckon(side, place.stateFile, deaths);
}

/** The promise is for a daemon that runs for a while before the deadline; deaths in a row without an end are none of it. */
async function leaveInPeace(site: Site, readers: Readers): Promise<void> {
  const daemon = site.start();
  await Promise.race([
    until("readers have time again", () => readers.spareMs >= PEACE_MS, PEACE_MS),
    daemon.ended,
  ]).catch(() => undefined);
  await daemon.kill();
}

async function keepLog(folder: string | undefined, name: string, { stderr }: Renewd): Promise<void> {
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await appendFile(join(folder, "daemons.log"), `---- killed: ${name}\n${stderr}`);
}

function addSecrets({ secrets }: Site, plaintext: Plaintext): void {
  for (const [name, secret] of secrets) plaintext.addSecret(name, secret);
}

async function lookEverywhere(site: Site, plaintext: Plaintext, tokens: readonly string[]): Promise<void> {
  for (const token of new Set(tokens)) plaintext.addToken(token);
  addSecrets(site, plaintext);
  await plaintext.addKeyOf(site.place);
  await plaintext.lookAtFiles(site.place);
  for (const [index, { args, stdout, stderr }] of site.place.processes.entries()) {
    plaintext.look(`the output of process ${index} (${args[0]})`, stdout + stderr);
  }
}

function saidWrong(processes: readonly Renewd[]): readonly string[] {
  return processes.flatMap(({ log }) =>
    log.filter(({ event, code }) => NEVER_SAID.has(event) || code === "bug").map((line) => JSON.stringify(line)),
  );
}

/** What is in the targets and beside them. */
async function leftWrong(site: Site, held: ReadonlyMap<string, HeldToken>, reckoning: Reckoning): Promise<string[]> {
  const wrong: string[] = [];
  for (const [token, print] of reckoning.newest) {
    const found = held.get(token)?.fingerprint;
    if (found !== print) wrong.push(`the targets of ${token} hold ${found}, the newest is ${print}`);
  }
  const { byHand } = site.side;
  for (const [name, print] of byHand === null ? [] : reckoning.newest) {
    const live = byHand?.liveOf(name).length ?? 0;
    if (live !== 1) wrong.push(`${live} tokens of ${name} live at the issuer, and ${print} is in use`);
  }
  const stale = (await readdir(site.place.path("var/secrets"))).filter((name) => /\.renewd-[0-9a-f]{16}$/.test(name));
  if (stale.length > 0) wrong.push(`left behind in the targets' folder: ${stale.join(", ")}`);
  const shared = {
    "shared.json": await readFile(site.place.path("var/secrets/shared.json"), "utf8"),
    "app.env": await readFile(site.place.path("var/secrets/app.env"), "utf8"),
    [SHARED_SECRET]: site.aws.vault.text(SHARED_SECRET) ?? "",
  };
  for (const [name, text] of Object.entries(shared)) {
    if (!/OTHER(?:": ?"a neighbour"|=a-neighbour)/.test(text)) wrong.push(`${name} lost what is not renewd's`);
  }
  const told = await readFile(site.place.path("told"), "utf8").catch(() => "");
  if (!told.includes(`alpha/file/${held.get("alpha")?.fingerprint} `))
    wrong.push("the reload hook was not told of the last token");
  return wrong;
}

async function endedWrong(last: Renewd): Promise<string[]> {
  const { code, signal } = await last.stop();
  return code === 0 ? [] : [`the last daemon ended with ${code ?? signal}`];
}
