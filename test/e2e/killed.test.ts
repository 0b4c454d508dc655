import { readFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { expect, it, vi } from "vitest";
import { pause, type Renewd, until } from "../support/process.ts";
import { fillIssuer, madeTokens, serveIssuer } from "./issuer-process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { Reader } from "./reader.ts";
import { settingsOf } from "./settings.ts";

vi.setConfig(PATIENT);

const TOKEN = "airflow-flowapi";
const API_TOKEN = "token-of-an-operator";
const KILLS = 7;
/** Steps after which the next is likely to be under way. */
const STEPS = [
  "daemon:started",
  "renewal:started",
  "renewal:asked",
  "renewal:minted",
  "renewal:accepted",
  "target:delivered",
  "renewal:settled",
] as const;

it("survives SIGKILL at any instant: every token is known, every read is good, and it goes on", async () => {
  await using place = await newPlace();
  await fillIssuer(place);
  const { url } = await serveIssuer(place);
  await place.write("ops.token", API_TOKEN);
  const http = "  tokens: { ops: { role: operator, secret: { file: ../ops.token } } }";
  // A short limit for calls, since an answer in doubt is waited out; it leaves time for a sign-in on a busy machine. Long
  // lives, for the same reason: no deadline is near, and renewals come from the wishes.
  const timing = { lifetime: "20m", hold: "10s", repair: "15s", renewBefore: "60%", timeout: "2s" };
  await place.settings(settingsOf(place, { url, http, ...timing }));

  let daemon = await place.daemon();
  await daemon.event("renewal:settled");
  using reader = new Reader(place.target, await readFile(place.path("public_key.pem"), "utf8"), 100);
  const kills: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    kills.push(await killDuringWork(place, daemon));
    daemon = await place.daemon();
  }
  const history = `killed after ${kills.join("; ")}`;

  await until("all is settled again", async () => (await settledFingerprint(place)) !== undefined, 60_000);
  const made = await madeTokens(place);
  expect(await settledFingerprint(place), history).toBe(made.at(-1)?.fingerprint);

  // A request that the issuer worked off very late is found by the look before the next renewal at the latest.
  expect(await place.renew(TOKEN), history).toMatchObject({ code: 0, stderr: "" });
  const all = (await madeTokens(place)).map(({ fingerprint }) => fingerprint);
  expect(unknownTo(place, all), history).toEqual([]);
  reader[Symbol.dispose]();
  expect(reader.failures, history).toEqual([]);
  expect(reader.leastLeftMs, history).toBeGreaterThanOrEqual(10_000);
  expect(await daemon.stop()).toMatchObject({ code: 0 });
  expect(place.processes.flatMap(({ log }) => log.filter(({ event }) => event === "renewal:quarantined"))).toEqual([]);
});

/** Asks for a renewal, waits for some step of it (or not, when a request in doubt is waited out), a little more, and kills. */
async function killDuringWork(place: Place, daemon: Renewd): Promise<string> {
  const step = STEPS[Math.floor(Math.random() * STEPS.length)] ?? "renewal:asked";
  const extraMs = Math.floor(Math.random() * 30);
  const from = step === "daemon:started" ? 0 : daemon.log.length;
  // Two tokens of one second would expire at the same instant, and the later one gain nothing: that is refused.
  await until("a renewal gains something", async () => (await askToRenew(place)) === 202);
  const reached = await daemon.event(step, { from, withinMs: 2_000 }).catch(() => undefined);
  await pause(extraMs);
  const { signal } = await daemon.kill();
  expect(signal).toBe("SIGKILL");
  return `${reached === undefined ? "no " : ""}${step} + ${extraMs} ms`;
}

async function askToRenew(place: Place): Promise<number> {
  const { status } = await fetch(`${place.url}/api/v1/tokens/${TOKEN}/renew`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_TOKEN}`, "content-type": "application/json" },
    body: "{}",
  });
  return status;
}

/** The newest token when nothing is under way any more and the target holds it. */
async function settledFingerprint(place: Place): Promise<string | undefined> {
  const { stdout } = await place.run("status", "--json", TOKEN);
  const { ok, state, newest, targets } = JSON.parse(stdout) as {
    ok: boolean;
    state: string;
    newest: { fingerprint: string } | null;
    targets: { state: string; held: { fingerprint: string } | null }[];
  };
  const held = targets[0]?.held?.fingerprint;
  return ok && state === "ok" && targets[0]?.state === "ok" && held === newest?.fingerprint ? held : undefined;
}

/** Those of the issuer's tokens that the state has no good word for. */
function unknownTo(place: Place, fingerprints: readonly string[]): readonly string[] {
  const database = new Database(place.stateFile, { readonly: true });
  try {
    const rows = database.prepare("select fingerprint, fate from issues").all() as {
      fingerprint: string;
      fate: string;
    }[];
    const good = rows.filter(({ fate }) => ["accepted", "superseded", "outlived"].includes(fate));
    return fingerprints.filter((each) => !good.some(({ fingerprint }) => fingerprint === each));
  } finally {
    database.close();
  }
}
