import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it, vi } from "vitest";
import type { Renewd } from "../support/process.ts";
import { fillIssuer, madeTokens, PASSWORD, serveIssuer } from "./issuer-process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { settingsOf } from "./settings.ts";

vi.setConfig(PATIENT);

const TOKEN = "airflow-flowapi";
const HTTP_SECRET = `operator-${randomBytes(12).toString("hex")}`;

/** Where a secret could have got to: a name and every byte of it. */
type Places = Map<string, Buffer>;

it("no token, password or key is anywhere but in its own file and the target", async () => {
  await using place = await newPlace();
  const totp = await fillIssuer(place, { twoFactor: true });
  const issuer = await serveIssuer(place);
  const stateKey = randomBytes(32).toString("base64");
  await place.write("state.key", stateKey);
  await place.write("ops.token", HTTP_SECRET);
  const settings = settingsOf(place, {
    url: issuer.url,
    totp: true,
    http: "  tokens: { ops: { role: operator, secret: { file: ../ops.token } } }",
  });
  await place.settings(settings.replace('renewd.db" }', 'renewd.db", keys: [{ file: ../state.key }] }'));
  const daemon = await place.daemon();
  await daemon.event("renewal:settled");
  const texts = [await place.read()];
  for (let renewal = 0; renewal < 2; renewal += 1) {
    expect(await place.renew(TOKEN)).toMatchObject({ code: 0 });
    texts.push(await place.read());
  }

  const link = /http:\S+/.exec((await place.run("dashboard")).stdout)?.[0] ?? "";
  const places: Places = new Map([["the sign-in link", Buffer.from(link)]]);
  await addAnswers(place, places);
  await addRunning([daemon, issuer.process], places);
  const verbs = [
    ["status"],
    ["status", "--json"],
    ["plan", "--json"],
    ["history", TOKEN, "--json"],
    ["check", "--offline"],
  ];
  for (const verb of verbs) await place.run(...verb);
  await addState(place, places);
  await addFailures(place, issuer.process, places);
  expect(await daemon.stop()).toMatchObject({ code: 0 });
  await addState(place, places, " after the end");
  for (const [index, process] of place.processes.entries()) {
    places.set(`output of ${index} ${process.args.join(" ")}`, Buffer.from(process.stdout + process.stderr));
    places.set(`arguments of ${index}`, Buffer.from(process.args.join(" ")));
  }

  const made = await madeTokens(place);
  expect(made.map(({ token }) => token)).toEqual(texts);
  const secrets = new Map([
    ["the password", PASSWORD],
    ["the two-factor secret", totp ?? ""],
    ["the state's key", stateKey],
    ["the API token", HTTP_SECRET],
    ...texts.flatMap((token, index) => partsOf(`token ${index}`, token)),
  ]);
  expect(found(places, secrets)).toEqual([]);

  // The search does find what is there: fingerprints are meant to be seen.
  const seen = found(places, new Map([["a fingerprint", made.at(-1)?.fingerprint ?? ""]]));
  for (const where of ["state renewd.db after the end", "GET /", "GET /api/v1/tokens", "output of 1 run"]) {
    expect(seen.some((each) => each.includes(where))).toBe(true);
  }
});

/** Whole, by its signature and by its packed claims. */
function partsOf(name: string, token: string): [string, string][] {
  const [, claims = "", signature = ""] = token.split(".");
  return [
    [name, token],
    [`${name}'s claims`, claims.slice(0, 60)],
    [`${name}'s signature`, signature.slice(0, 60)],
  ];
}

/** As it is, and as other code might have written it. */
function found(places: Places, secrets: ReadonlyMap<string, string>): readonly string[] {
  const hits: string[] = [];
  for (const [name, secret] of secrets) {
    if (secret.length < 8) throw new Error(`${name} is too short to be looked for`);
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      encodeURIComponent(secret),
      bytes.toString("base64").replace(/=+$/, ""),
      bytes.toString("hex"),
    ];
    for (const [where, content] of places) {
      if (forms.some((form) => content.includes(form))) hits.push(`${name} in ${where}`);
    }
  }
  return hits;
}

async function addAnswers(place: Place, places: Places): Promise<void> {
  const headers = { authorization: `Bearer ${HTTP_SECRET}`, "content-type": "application/json" };
  const api = "/api/v1";
  const paths = ["/", "/metrics", "/healthz", "/readyz", `${api}/plan`, `${api}/tokens`, `${api}/tokens/${TOKEN}`];
  for (const path of [
    ...paths,
    `${api}/tokens/${TOKEN}/history?limit=500`,
    `${api}/tokens/nobody`,
    "/sign-in?code=x",
  ]) {
    places.set(`GET ${path}`, await bytesOf(await fetch(place.url + path, { headers })));
  }
  const renew = `${place.url}${api}/tokens/${TOKEN}/renew`;
  const bodies = ['{"lifetime_minutes":1}', `{"token":"${HTTP_SECRET}"}`, `not JSON: ${PASSWORD}`, `"${PASSWORD}"`];
  for (const body of bodies) {
    places.set(
      `POST renew ${bodies.indexOf(body)}`,
      await bytesOf(await fetch(renew, { method: "POST", headers, body })),
    );
  }
  const strangers = { authorization: `Bearer ${PASSWORD.replaceAll(" ", "-")}` };
  places.set(
    "an answer to a stranger",
    await bytesOf(await fetch(`${place.url}${api}/tokens`, { headers: strangers })),
  );
}

async function bytesOf(answer: Response): Promise<Buffer> {
  const headers = JSON.stringify([...answer.headers]);
  return Buffer.concat([Buffer.from(headers), Buffer.from(await answer.arrayBuffer())]);
}

/** What every other user of the machine can see of a running process. */
async function addRunning(processes: readonly Renewd[], places: Places): Promise<void> {
  for (const { pid, args } of processes) {
    const file = `/proc/${pid}/cmdline`;
    if (existsSync(file)) places.set(`${file} (${args[0]})`, await readFile(file));
  }
  const ps = await promisify(execFile)("ps", ["-eo", "args"]).catch(() => ({ stdout: "" }));
  places.set("ps", Buffer.from(ps.stdout));
}

/** Every byte of every file beside the state but the keys, and the issuer's database. */
async function addState(place: Place, places: Places, when = ""): Promise<void> {
  for (const folder of ["var", "issuer"]) {
    for (const entry of await readdir(place.path(folder), { withFileTypes: true })) {
      if (!entry.isFile() || /\.(?:key|pem)$/.test(entry.name)) continue;
      places.set(`state ${entry.name}${when}`, await readFile(place.path(`${folder}/${entry.name}`)));
    }
  }
}

/** What is said when things go wrong: the issuer dies, and the file that held a token cannot be written any more. */
async function addFailures(place: Place, issuer: Renewd, places: Places): Promise<void> {
  await issuer.kill();
  const { code } = await place.renew(TOKEN);
  expect(code).toBe(1);
  const headers = { authorization: `Bearer ${HTTP_SECRET}` };
  for (const path of ["/", "/metrics", `/api/v1/tokens/${TOKEN}`]) {
    places.set(`GET ${path} in trouble`, await bytesOf(await fetch(place.url + path, { headers })));
  }
  await place.run("status");
  await place.run("check");
}
