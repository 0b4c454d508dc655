import { setTimeout as timer } from "node:timers/promises";
import { pause, type Renewd } from "../support/process.ts";
import type { Fate } from "./issuer-proxy.ts";
import type { Kill } from "./plan.ts";
import type { Site } from "./site.ts";
import { TOKENS } from "./site-settings.ts";
import { ANSWERS, ASKED, LATE, type Step } from "./steps.ts";

/** A step that does not come within this does not come; an answer in doubt is waited out in a sixth of it. */
const STEP_MS = 60_000;
/** How often an operator asks again while nothing has come of it. */
const WISH_EVERY_MS = 400;
const WISH_AGAIN_MS = 2_500;
/** Longer than what was renewed has to be left alone, so that the token before it is ended; a wish may join an older one. */
const WISH_TO_END_AGAIN_MS = 12_000;
/** When a held request is made, nobody waits for it any more and the next one was made. */
const LATE_MS = 14_000;

const FATES: Readonly<Record<string, Pick<Fate, "of" | "step">>> = {
  [ASKED]: { of: "mint", step: "asked" },
  [ANSWERS]: { of: "mint", step: "answers" },
  [LATE]: { of: "mint", step: "late" },
  "extension asked": { of: "extension", step: "asked" },
  "extension answers": { of: "extension", step: "answers" },
  "ending asked": { of: "ending", step: "asked" },
  "ending answers": { of: "ending", step: "answers" },
};

const WANTED: Readonly<Record<Step["wants"], readonly string[]>> = {
  file: TOKENS.file,
  secret: TOKENS.secret,
  each: [TOKENS.file[0], TOKENS.secret[0]],
  all: [...TOKENS.file, ...TOKENS.secret],
  nothing: [],
  extended: ["charlie"],
  ended: ["delta"],
};

export interface Death {
  /** False: the step never came, and the daemon was killed all the same. */
  readonly reached: boolean;
  readonly daemon: Renewd;
}

/** Starts the daemon, lets it work, and ends it with SIGKILL as planned. */
export async function execute(site: Site, kill: Kill): Promise<Death> {
  await pause(kill.pauseMs);
  return kill.step === null ? killAtRandom(site, kill.delayMs) : killAtStep(site, kill.step);
}

async function killAtRandom(site: Site, delayMs: number): Promise<Death> {
  const daemon = site.start();
  using _ = wishing(site, delayMs % 2 === 0 ? WANTED.each : WANTED.secret);
  await Promise.race([pause(delayMs), daemon.ended]);
  if (daemon.running) await daemon.kill();
  await refuseOtherEnd(daemon);
  return { reached: true, daemon };
}

async function killAtStep(site: Site, step: Step): Promise<Death> {
  const daemon = begin(site, step);
  using _ = wishing(site, WANTED[step.wants], step.wants === "ended" ? WISH_TO_END_AGAIN_MS : WISH_AGAIN_MS);
  const tooLate = timer(STEP_MS, false, { ref: false });
  const reached = await Promise.race([daemon.ended.then(() => true), tooLate]);
  if (site.proxy !== null) site.proxy.fate = undefined;
  site.aws.clearFaults();
  if (!reached) await daemon.kill();
  await refuseOtherEnd(daemon);
  return { reached, daemon };
}

/** Whoever knows of the step is told to kill at it: the issuer's side, Secrets Manager's, or the daemon itself. */
function begin(site: Site, step: Step): Renewd {
  const fate = FATES[step.name];
  if (fate !== undefined && site.proxy !== null) {
    const daemon = site.start();
    site.proxy.fate = { ...fate, lateMs: LATE_MS, kill: () => daemon.kill() };
    return daemon;
  }
  const [, action, moment] = /^secrets (\w+) (received|done)$/.exec(step.name) ?? [];
  if (action === undefined) return site.start(step.name);
  const daemon = site.start();
  const run = async (): Promise<void> => {
    await daemon.kill();
    if (moment === "received") throw new Error("nothing is done of it");
  };
  site.aws.fault(action, { kind: "before", run });
  return daemon;
}

/** Asks for renewals until disposed of; what is refused or cannot be asked yet is asked again. */
function wishing(site: Site, tokens: readonly string[], againMs: number = WISH_AGAIN_MS): Disposable {
  const grantedMs = new Map<string, number>();
  const ask = async (token: string): Promise<void> => {
    if (performance.now() - (grantedMs.get(token) ?? Number.NEGATIVE_INFINITY) < againMs) return;
    if (await site.wish(token)) grantedMs.set(token, performance.now());
  };
  const asking = setInterval(() => tokens.forEach((token) => void ask(token)), WISH_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(asking) };
}

/** A daemon that ended by itself is no death of ours, and nothing that follows would mean anything. */
async function refuseOtherEnd(daemon: Renewd): Promise<void> {
  const { code, signal, stderr } = await daemon.ended;
  if (signal === "SIGKILL") return;
  throw new Error(`renewd ended by itself with ${code ?? signal}: ${stderr.slice(-2_000)}`);
}
