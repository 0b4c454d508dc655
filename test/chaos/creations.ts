import type { FakeRandom } from "../support/fake-random.ts";
import type { Ended, Renewd } from "../support/process.ts";
import { type CreationKind, type CreationSite, openCreationSite } from "./creation-site.ts";
import type { Kind } from "./kinds.ts";
import { Plaintext } from "./plaintext.ts";
import { ANSWERS, ASKED } from "./steps.ts";

/** One token that `create-token` is asked for, and where the call dies before one is let through. */
interface CreationPlan {
  /** Null: after `delayMs`. */
  readonly deaths: readonly (string | null)[];
  readonly delayMs: number;
}

export interface CreationBatch {
  readonly issuer: CreationKind;
  readonly creations: readonly CreationPlan[];
}

/** How one fared. */
export interface CreationReport {
  readonly killed: number;
  readonly reached: readonly string[];
  /** Tokens of this description at the issuer. */
  readonly made: number;
  readonly plaintext: readonly string[];
  readonly wrong: readonly string[];
}

/** No place keeps more processes than two hundred. */
const BATCH_MAX = 30;
const RANDOM_DELAY_MS_MAX = 2_500;
/** The call that is let through may be told to come again. */
const CALLS_MAX = 3;

const EACH = ["described", "wished", "token claimed", "state preflight", "minted", "accepted", "handed out"];

/** Where a call dies, and the next. */
export const CREATION_STEPS: Readonly<Record<CreationKind, readonly (readonly string[])[]>> = {
  arvados: [
    ...alone([...around([...EACH, "chosen intent", "issuer create"]), ASKED, ANSWERS]),
    ...around(["repeat"]).map((name) => [ANSWERS, name]),
  ],
  embedded: [
    ...alone([...around([...EACH, "intent", "issuer list", "issuer mint"]), ASKED, ANSWERS]),
    ...around(["found minted"]).map((name) => [ANSWERS, name]),
    ...around(["looked in vain", "nothing made"]).map((name) => [ASKED, name]),
  ],
};

function around(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [`before:${name}`, `after:${name}`]);
}

function alone(names: readonly string[]): readonly (readonly string[])[] {
  return names.map((name) => [name]);
}

/** At every step in turn, each time beginning with another; one in four dies at a random instant. */
export function planCreations(random: FakeRandom, count: number, kinds: readonly Kind[]): readonly CreationBatch[] {
  const able = (["arvados", "embedded"] as const).filter((kind) => kinds.includes(kind));
  return able.flatMap((issuer, index) => {
    const size = Math.floor((count * (index + 1)) / able.length) - Math.floor((count * index) / able.length);
    const steps = CREATION_STEPS[issuer];
    const from = random.below(steps.length);
    const creations = Array.from({ length: size }, (_, nth): CreationPlan => {
      const deaths = nth % 4 === 3 ? undefined : steps[(from + nth - Math.floor(nth / 4)) % steps.length];
      return { deaths: deaths ?? [null], delayMs: random.below(RANDOM_DELAY_MS_MAX) };
    });
    return Array.from({ length: Math.ceil(size / BATCH_MAX) }, (_, batch) => ({
      issuer,
      creations: creations.slice(batch * BATCH_MAX, (batch + 1) * BATCH_MAX),
    }));
  });
}

/** Each is called until it prints a token, killed before as planned; what there is at the issuer then is judged. */
export async function runCreations(
  { issuer, creations }: CreationBatch,
  tell: (line: string) => void = () => undefined,
): Promise<readonly CreationReport[]> {
  await using site = await openCreationSite(issuer);
  const reports: CreationReport[] = [];
  for (const [index, plan] of creations.entries()) {
    const report = await create(site, `creation${index + 1}`, plan);
    tell(`${issuer}: create-token killed at ${plan.deaths.map((each) => each ?? "random").join(", then ")}`);
    reports.push({ ...report, wrong: report.wrong.map((each) => `${issuer}: ${each}`) });
  }
  const plaintext = await lookForPlaintext(site);
  return reports.map((report, index) => (index > 0 ? report : { ...report, plaintext }));
}

async function create(site: CreationSite, name: string, plan: CreationPlan): Promise<CreationReport> {
  const wrong: string[] = [];
  const reached: string[] = [];
  const printed = new Set<string>();
  let killed = 0;
  for (const death of plan.deaths) {
    const { signal, stdout, stderr, code } = await die(site, name, death, plan.delayMs);
    if (stdout.trim() !== "") printed.add(stdout.trim());
    if (signal === "SIGKILL") killed += 1;
    if (signal === "SIGKILL" && death !== null) reached.push(death);
    if (signal !== "SIGKILL" && death !== null)
      wrong.push(`${name}: ${death} never came: ${code} ${stderr.slice(-500)}`);
  }
  printed.add(await letThrough(site, name, wrong));
  const made = (await site.made()).filter((each) => each.name === name).map(({ token }) => token);
  if (made.length !== 1) wrong.push(`${name}: ${made.length} tokens were made (${plan.deaths.join(", ")})`);
  if (printed.size !== 1 || !printed.has(made[0] ?? ""))
    wrong.push(`${name}: ${printed.size} different texts were printed, and not the token alone`);
  return { killed, reached, made: made.length, plaintext: [], wrong };
}

async function die(site: CreationSite, name: string, death: string | null, delayMs: number): Promise<Ended> {
  const isAtProxy = site.proxy !== null && (death === ASKED || death === ANSWERS);
  const call = site.call(name, isAtProxy || death === null ? undefined : death);
  if (death === null) {
    const timer = setTimeout(() => void call.kill(), delayMs);
    return call.ended.finally(() => clearTimeout(timer));
  }
  if (site.proxy !== null && isAtProxy) {
    const step = death === ASKED ? "asked" : "answers";
    site.proxy.fate = { of: "mint", step, lateMs: 0, kill: () => call.kill() };
  }
  return call.ended;
}

/** What it printed in the end. */
async function letThrough(site: CreationSite, name: string, wrong: string[]): Promise<string> {
  for (let calls = 0; calls < CALLS_MAX; calls += 1) {
    const { code, stdout, stderr } = await site.call(name).ended;
    if (code === 0) return stdout.trim();
    if (calls === CALLS_MAX - 1) wrong.push(`${name}: it ended with ${code} again: ${stderr.slice(-500)}`);
  }
  return "";
}

async function lookForPlaintext(site: CreationSite): Promise<readonly string[]> {
  const plaintext = new Plaintext();
  for (const [name, secret] of site.secrets()) plaintext.addSecret(name, secret);
  for (const { token } of await site.made()) plaintext.addToken(token);
  await plaintext.addKeyOf(site.place);
  await plaintext.lookAtFiles(site.place);
  site.place.processes.forEach((each: Renewd, index) => plaintext.look(`stderr of call ${index}`, each.stderr));
  return [...plaintext.found];
}
