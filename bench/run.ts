/**
 * How long it takes to look at a large fleet, how large what is shown of it is, and how long anybody else is kept waiting
 * meanwhile: `npm run bench [-- TOKENS]`. Prints `name: value` lines and exits 1 when one of them is beyond its bound.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemRandom } from "../src/runtime/random.ts";
import { openSqliteState } from "../src/state/open-sqlite.ts";
import { enrol, fill, membersOf, toil } from "./fleet.ts";
import { open, type Site } from "./site.ts";

const TOKENS = Number(process.argv[2] ?? 10_000);
const AT_ONCE = 40;
const MB = 1_000_000;

/** Generous: a slow machine with others at work keeps them; what made everybody wait for minutes does not. */
const MOST: Readonly<Record<string, number>> = {
  status_ms: 10_000,
  status_pause_ms: 5_000,
  fleet_page_ms: 10_000,
  fleet_page_mb: 1,
  token_page_ms: 1_000,
  search_page_ms: 10_000,
  api_tokens_at_once_ms: 60_000,
  healthz_meanwhile_ms: 10_000,
  calendar_60_page_ms: 20_000,
  calendar_366_page_ms: 60_000,
  calendar_366_page_mb: 3,
  calendar_366_api_ms: 10_000,
  calendar_pause_ms: 5_000,
  metrics_ms: 15_000,
  metrics_mb: 40,
  metrics_pause_ms: 5_000,
  sweep_idle_ms: 500,
  herald_look_ms: 10_000,
  first_fleet_page_ms: 10_000,
  first_metrics_ms: 15_000,
  first_calendar_60_page_ms: 20_000,
  heap_mb: 800,
};

const figures = new Map<string, number>();

function note(name: string, value: number): void {
  figures.set(name, Number(value.toFixed(1)));
}

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  const done = await work();
  note(`${name}_ms`, performance.now() - since);
  return done;
}

/** Also for how long nothing else had its turn. */
async function watched<T>(name: string, work: () => Promise<T>): Promise<T> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const done = await work();
  delay.disable();
  note(`${name}_pause_ms`, delay.max / 1e6);
  return done;
}

async function measure(site: Site): Promise<void> {
  const { get, controller } = site;
  const sized = async (name: string, path: string): Promise<void> => {
    note(`${name}_mb`, (await timed(name, () => get(path))) / MB);
  };
  await watched("status", () => timed("status", () => controller.status()));
  await timed("sweep_idle", () => site.sweeper.sweep());
  await sized("fleet_page", "/");
  await sized("search_page", "/?q=token-00042&state=attention");
  await sized("token_page", "/tokens/token-00042");
  await watched("calendar", async () => {
    await sized("calendar_60_page", "/calendar");
    await sized("calendar_366_page", "/calendar?days=366");
    await sized("calendar_366_api", "/api/v1/calendar?days=366");
  });
  await watched("metrics", () => sized("metrics", "/metrics"));
  await watched("api_tokens", () => manyAtOnce(site));
  await timed("herald_look", async () => {
    await site.herald.start();
    await site.herald.current();
  });
  note("herald_told", site.notifier.calls.flat().length);
  note("heap_mb", process.memoryUsage().heapUsed / MB);
  note("rss_mb", process.memoryUsage().rss / MB);
}

/** Many read the whole fleet, while somebody asks whether it lives. */
async function manyAtOnce({ get }: Site): Promise<void> {
  const reading = new AbortController();
  const all = timed("api_tokens_at_once", () =>
    Promise.all(Array.from({ length: AT_ONCE }, () => get("/api/v1/tokens"))),
  ).finally(() => reading.abort());
  let longest = 0;
  while (!reading.signal.aborted) {
    const since = performance.now();
    await get("/healthz");
    longest = Math.max(longest, performance.now() - since);
  }
  note("healthz_meanwhile_ms", longest);
  note("api_tokens_mb", ((await all)[0] ?? 0) / MB);
}

/** The same of a fleet that has hardly any token yet, while the daemon works at it without a break. */
async function measureFirst(folder: string): Promise<void> {
  const state = await openSqliteState({ file: join(folder, "first.db"), keys: [], random: systemRandom });
  const members = membersOf(TOKENS);
  await enrol(state, members);
  const site = await open(state, members);
  const stop = new AbortController();
  const since = performance.now();
  const work = toil(state, stop.signal);
  try {
    await timed("first_fleet_page", () => site.get("/"));
    await timed("first_metrics", () => site.get("/metrics"));
    await timed("first_calendar_60_page", () => site.get("/calendar"));
  } finally {
    stop.abort();
    note("first_jobs_a_second", (await work) / ((performance.now() - since) / 1_000));
    await site.close();
    await state.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), "renewd-bench-"));
const state = await openSqliteState({ file: join(folder, "renewd.db"), keys: [], random: systemRandom });
try {
  const members = membersOf(TOKENS);
  await timed("fill", () => fill(state, members));
  const site = await open(state, members);
  try {
    await measure(site);
  } finally {
    await site.herald.stop();
    await site.close();
  }
  await measureFirst(folder);
} finally {
  await state.close();
  await rm(folder, { recursive: true, force: true });
}

let isBad = false;
for (const [name, value] of figures) {
  const most = MOST[name] ?? Infinity;
  if (value > most) isBad = true;
  process.stdout.write(`${name}: ${value}${value > most ? ` (more than ${most})` : ""}\n`);
}
process.exitCode = isBad ? 1 : 0;
