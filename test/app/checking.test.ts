import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkSettings, type ProbeResult } from "../../src/app.ts";
import { DAY_MS } from "../../src/core/duration.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { FakeFlowAuth } from "../support/flowauth/server.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "renewd-checking-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a target whose readers cannot get into its folder is told of beside the rest, and is no failure", async () => {
  const settingsFile = join(folder, "renewd.yaml");
  // Port 9 (discard) answers nobody: this is about the target.
  const settings = `version: 1
state: { url: sqlite:./renewd.db }
issuers:
  idp: { type: oauth2, issuer: "http://127.0.0.1:9", client_id: x, auth: client_secret_basic, client_secret: { file: ./secret } }
stores:
  files: { type: file, directory: ./tokens }
policies:
  default: { renew_before: 99% }
tokens:
  airflow:
    issuer: idp
    request: { lifetime: 1d }
    targets:
      shared: { store: files, secret: TOKEN, mode: "0640", hold: 1h }
`;
  await writeFile(settingsFile, settings);
  await mkdir(join(folder, "tokens"));
  await chmod(join(folder, "tokens"), 0o700);
  const { warnings, probe } = await checkSettings({ settingsFile, allowCommands: false });
  expect(warnings).toMatchObject([{ file: settingsFile, line: 8, path: "policies.default.renew_before" }]);
  const target = (await probe()).find(({ kind }) => kind === "target");
  expect(target).toMatchObject({ name: "airflow/shared", ok: true });
  expect(target?.lines[1]).toMatch(/^beware: .*the folder has mode 0700 and lets none of them in: chmod g\+x/);
});

/** Port 9 (discard) answers nobody: to call a channel or an issuer there would fail. */
const CHANNELS = `version: 1
state: { url: sqlite:./renewd.db }
issuers:
  idp: { type: oauth2, issuer: "http://127.0.0.1:9", client_id: x, auth: client_secret_basic, client_secret: { file: ./secret } }
stores:
  files: { type: file, directory: ./tokens }
tokens:
  airflow:
    issuer: idp
    request: { lifetime: 1d }
    targets:
      own: { store: files, secret: TOKEN, hold: 1h }
alerts:
  channels:
    team: { type: slack, url: { file: ./team.url } }
    pager: { type: pagerduty, routing_key: { file: ./pager.key }, ca: { file: ./ca.pem } }
    hook: { type: webhook, url: "http://127.0.0.1:9/x", keys: [{ file: ./hook.key }], bearer: { env: RENEWD_TEST_UNSET } }
    metrics: { type: alertmanager, url: "http://127.0.0.1:9" }
`;

test("every secret that a channel names is read, and the channel itself is not called", async () => {
  const settingsFile = join(folder, "renewd.yaml");
  await writeFile(settingsFile, CHANNELS);
  await writeFile(join(folder, "pager.key"), "0123456789abcdef-of-pager");
  await writeFile(join(folder, "hook.key"), "0123456789abcdef-of-hook");
  const { probe } = await checkSettings({ settingsFile, allowCommands: false });
  const seen = await probe();
  const channel = (wanted: string): ProbeResult | undefined =>
    seen.find(({ kind, name }) => kind === "channel" && name === wanted);
  const hint = expect.stringContaining("check the path and its permissions") as string;
  const failed = { ok: false, code: "secret_unreadable", hint };
  expect(channel("team")).toMatchObject({
    ...failed,
    lines: [`the file ${join(folder, "team.url")} cannot be read: it does not exist (ENOENT)`],
  });
  expect(channel("pager")).toMatchObject({ ...failed, lines: [expect.stringContaining(join(folder, "ca.pem"))] });
  expect(channel("hook")).toMatchObject({ ...failed, lines: [expect.stringContaining("RENEWD_TEST_UNSET")] });
  expect(channel("metrics")).toMatchObject({ ok: true, lines: [expect.stringContaining("0 secret(s) read")] });
  expect(JSON.stringify(seen)).not.toContain("0123456789abcdef");

  await writeFile(join(folder, "team.url"), "https://127.0.0.1:9/0123456789abcdef");
  await writeFile(join(folder, "ca.pem"), "0123456789abcdef-of-ca");
  const later = await probe();
  expect(later.filter(({ kind, ok }) => kind === "channel" && ok).map(({ name }) => name)).toEqual([
    "team",
    "pager",
    "metrics",
  ]);
  expect(JSON.stringify(later)).not.toContain("0123456789abcdef");
});

test("every secret of one channel that cannot be read is named at once", async () => {
  const settingsFile = join(folder, "renewd.yaml");
  await writeFile(settingsFile, CHANNELS);
  const { probe } = await checkSettings({ settingsFile, allowCommands: false });
  const pager = (await probe()).find(({ kind, name }) => kind === "channel" && name === "pager");
  expect(pager?.lines).toHaveLength(1);
  for (const file of ["pager.key", "ca.pem"]) expect(pager?.lines[0]).toContain(join(folder, file));
});

test("a token that may not be created and that the issuer does not list is a failure; one that is there is none", async () => {
  await using flowauth = await startFlowAuth();
  const settingsFile = join(folder, "renewd.yaml");
  await writeFile(settingsFile, flowAuthSettings(flowauth.server.url));
  const now = systemClock.now();
  await flowauth.server.addRow({ name: "there", issuedAt: now - DAY_MS, expAt: now + DAY_MS });
  await flowauth.server.addRow({ name: "expired", issuedAt: now - 2 * DAY_MS, expAt: now - DAY_MS });
  const rows = flowauth.server.rows.length;
  const { probe } = await checkSettings({ settingsFile, allowCommands: false });
  const answered: ProbeResult[] = [];
  const seen = await probe((result) => answered.push(result));
  expect(seen.find(({ kind }) => kind === "issuer")).toMatchObject({ ok: true });
  expect(seen.filter(({ kind }) => kind === "token")).toEqual([
    {
      kind: "token",
      name: "lost",
      ok: false,
      lines: ["no token of this name (gone) at flowauth; with `create: false` renewd cannot make one"],
      code: "token_absent",
      hint: expect.stringContaining("create: true") as string,
    },
  ]);
  expect(flowauth.server.calls("list")).toHaveLength(1);
  expect(flowauth.server.rows).toHaveLength(rows);
  // One issuer and four targets.
  expect(answered).toHaveLength(5);
});

test("where the issuer itself fails, nothing is said of its tokens; where its list fails, that is", async () => {
  await using flowauth = await startFlowAuth();
  const settingsFile = join(folder, "renewd.yaml");
  await writeFile(settingsFile, flowAuthSettings(flowauth.server.url));
  const { probe } = await checkSettings({ settingsFile, allowCommands: false });
  flowauth.server.script("list", { status: 404, json: { message: "no" } });
  const failed = (await probe()).filter(({ ok }) => !ok);
  expect(failed.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["token there", "token expired", "token lost"]);
  expect(failed.some(({ code }) => code === "token_absent")).toBe(false);
  await writeFile(join(folder, "password"), "wrong");
  const refused = (await probe()).filter(({ ok }) => !ok);
  expect(refused.map(({ kind }) => kind)).toEqual(["issuer"]);
});

async function startFlowAuth(): Promise<AsyncDisposable & { readonly server: FakeFlowAuth }> {
  const server = new FakeFlowAuth(systemClock);
  await server.start();
  await writeFile(join(folder, "password"), server.account.password);
  await writeFile(join(folder, "key.pem"), server.key.publicPem);
  return { server, [Symbol.asyncDispose]: () => server.close() };
}

function flowAuthSettings(url: string): string {
  const token = (key: string, name: string, create: boolean): string => `  ${key}:
    issuer: flowauth
    name: ${name}
    create: ${create}
    request: { server: flowapi-prod, roles: [runner, viewer], lifetime: 1d }
    targets: { own: { store: files, secret: ${key.toUpperCase()}, hold: 1h } }
`;
  return `version: 1
state: { url: sqlite:./renewd.db }
issuers:
  flowauth: { type: flowauth, url: "${url}", username: flowbot, password: { file: ./password }, public_keys: [{ file: ./key.pem }] }
stores:
  files: { type: file, directory: ./tokens }
tokens:
${token("there", "there", false)}${token("expired", "expired", false)}${token("lost", "gone", false)}${token("fresh", "new", true)}`;
}
