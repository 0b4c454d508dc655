import { describe, expect, it, vi } from "vitest";
import type { Ended } from "../support/process.ts";
import { until } from "../support/process.ts";
import { fillIssuer, serveIssuer } from "./issuer-process.ts";
import { freePort, newPlace, PATIENT, type Place } from "./place.ts";
import { settingsOf } from "./settings.ts";
import { startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const TOKEN = "airflow-flowapi";
const PASSWORD = "a-password-in-the-settings";
const NOBODY = "http://127.0.0.1:9";

interface Refused {
  readonly what: string;
  /** Of good settings bad ones. */
  readonly spoil: (good: string) => string;
  readonly code: 2 | 4;
  /** What stderr has to say: where, and what to do. */
  readonly says: readonly RegExp[];
}

const REFUSED: readonly Refused[] = [
  {
    what: "YAML that cannot be read",
    spoil: (good) => good.replace("issuers:", "issuers: [unclosed"),
    code: 2,
    says: [/renewd\.yaml:\d+:\d+/],
  },
  {
    what: "an unknown key",
    spoil: (good) => good.replace("tick:", "tik:"),
    code: 2,
    says: [/renewd\.yaml:3:1/, /tik/, /tick/],
  },
  {
    what: "a hold that no token can keep",
    spoil: (good) => good.replace("hold: 20s", "hold: 25h"),
    code: 2,
    says: [/renewd\.yaml:\d+:\d+/, /hold 1 d 1 h \+ propagation .+ \+ leeway 1 min = /, /request\.lifetime/],
  },
  {
    what: "a literal password, which is not repeated",
    spoil: (good) => good.replace("{ file: ../flowbot.password }", PASSWORD),
    code: 2,
    says: [/renewd\.yaml:\d+:\d+/, /password/, /\{ ?file/],
  },
  {
    what: "a state in a folder that cannot be",
    spoil: (good) => good.replace("../var/renewd.db", "../flowbot.password/renewd.db"),
    code: 4,
    says: [/flowbot\.password/, /permission|space|writ/],
  },
  {
    what: "a port that is somebody else's",
    spoil: (good) => good.replace(/listen: \S+/, `listen: ${new URL(NOBODY).hostname}:PORT`),
    code: 2,
    says: [/http\.listen/, /another program listens there/],
  },
];

/** Settings that would work, and a target that a person filled. */
async function prepared(): Promise<Place> {
  const place = await newPlace();
  await place.write("flowbot.password", "unused");
  await place.write("public_key.pem", "unused");
  await place.write("var/secrets/FLOWAPI_TOKEN", "put there by a person");
  return place;
}

async function expectUntouched(place: Place): Promise<void> {
  expect(await place.read()).toBe("put there by a person");
}

describe("is refused at the start, with the place and what to do, and nothing is touched:", () => {
  it.each(REFUSED)("$what", async ({ spoil, code, says }) => {
    await using place = await prepared();
    const stranger = await startStandIn(place);
    const bad = spoil(settingsOf(place, { url: NOBODY })).replace("PORT", new URL(stranger.url).port);
    await place.settings(bad);
    const ended: Ended = await place.run("run");
    await stranger.close();
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
    for (const pattern of says) expect(ended.stderr).toMatch(pattern);
    expect(ended.stderr).not.toMatch(/\n {4}at |node:internal/);
    expect(ended.stderr).not.toContain(PASSWORD);
    await expectUntouched(place);
  });

  it("a settings file that is not there, for every verb", async () => {
    await using place = await prepared();
    for (const verb of [["run"], ["check"], ["status"], ["renew", TOKEN]]) {
      const { code, stderr } = await place.run(...verb);
      expect({ verb, code, stderr }).toEqual({
        verb,
        code: 2,
        stderr: expect.stringContaining("renewd.yaml") as string,
      });
    }
  });
});

it("what is wrong with one issuer, secret or store concerns only its own tokens, is told at once, and the rest run", async () => {
  await using place = await prepared();
  const flowauth = await startStandIn(place);
  await place.write("wrong.password", "wrong");
  const issuer = (name: string, url: string, password: string): string =>
    `  ${name}: { type: flowauth, url: "${url}", username: flowbot, password: { file: ${password} }, public_keys: [{ file: ../public_key.pem }] }`;
  const token = (name: string, from: string, target: string): string =>
    `  ${name}:\n    issuer: ${from}\n    create: true\n    request: { server: flowapi-prod, roles: [viewer], lifetime: 1d }\n    targets: { airflow: { ${target}, hold: 20s } }`;
  const good = settingsOf(place, {
    url: flowauth.url,
    stores: "  broken: { type: file, directory: ../flowbot.password/secrets }",
    more: [
      token("wrong-password", "mistyped", "store: files, secret: WRONG"),
      token("no-password", "forgotten", "store: files, secret: NONE"),
      token("no-issuer", "down", "store: files, secret: DOWN"),
      token("no-store", "flowauth", "store: broken, secret: REFUSED"),
    ].join("\n"),
  });
  const issuers = [
    issuer("mistyped", flowauth.url, "../wrong.password"),
    issuer("forgotten", flowauth.url, "../absent.password"),
    issuer("down", NOBODY, "../flowbot.password"),
  ];
  await place.settings(
    good.replace("\nissuers:\n", `\nissuers:\n${issuers.join("\n")}\n`).replace("FLOWAPI_TOKEN", "GOOD"),
  );

  const daemon = await place.daemon();
  await daemon.event("renewal:settled", { where: ({ token: of }) => of === TOKEN });
  const failed = (of: string, event = "renewal:failed"): Promise<unknown> =>
    daemon.event(event, { where: (line) => line["token"] === of });
  await Promise.all([failed("wrong-password"), failed("no-password"), failed("no-issuer")]);
  await failed("no-store", "renewal:preflight-failed");

  const { code, stdout } = await until("status tells of all four", async () => {
    const status = await place.run("status", "--json");
    return status.stdout.split("issuer_failing").length > 3 ? status : undefined;
  });
  expect(code).toBe(1);
  const { tokens } = JSON.parse(stdout) as { tokens: { token: string; ok: boolean; trouble: Trouble | null }[] };
  const standing = Object.fromEntries(tokens.map((each) => [each.token, each]));
  expect(standing[TOKEN]).toMatchObject({ ok: true });
  expect(standing["wrong-password"]).toMatchObject({ ok: false, trouble: { last: { code: "sign_in_refused" } } });
  expect(standing["no-password"]).toMatchObject({
    ok: false,
    trouble: { last: { code: "secret_unreadable", message: expect.stringContaining("absent.password") as string } },
  });
  expect(standing["no-issuer"]).toMatchObject({ ok: false, trouble: { last: { code: "issuer_unreachable" } } });

  const { code: checked, stdout: report } = await place.run("check");
  expect(checked).toBe(3);
  for (const each of ["issuer mistyped", "issuer forgotten", "issuer down", "target no-store/airflow"]) {
    expect(report).toMatch(new RegExp(`^failed +${each} `, "m"));
  }
  expect(await daemon.stop()).toMatchObject({ code: 0 });
  expect(daemon.stderr).not.toContain("put there");
  await expectUntouched(place);
  await flowauth.close();
});

interface Trouble {
  readonly last: { readonly code: string; readonly message: string };
}

it("a target that holds what is not ours is left alone until a person says `adopt`", async () => {
  await using place = await prepared();
  const flowauth = await startStandIn(place);
  await place.settings(settingsOf(place, { url: flowauth.url }));
  const daemon = await place.daemon();
  await daemon.event("incident:opened", { where: ({ reason }) => reason === "not_owned" });
  await expectUntouched(place);
  const { code, stdout } = await place.run("status");
  expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining("renewd adopt") as string });
  expect(await place.run("adopt", TOKEN, "airflow")).toMatchObject({ code: 0 });
  await daemon.event("renewal:settled");
  expect(await place.read()).toBe(flowauth.rows.at(-1)?.token);
  expect((await place.run("status")).code).toBe(0);
  await flowauth.close();
});

it("an issuer that is down at the start is waited for: once it is up the token comes by itself", async () => {
  await using place = await newPlace();
  await fillIssuer(place);
  await place.write("public_key.pem", "not there yet");
  const port = await freePort();
  await place.settings(settingsOf(place, { url: `http://127.0.0.1:${port}` }));
  const daemon = await place.daemon();
  expect(await daemon.event("renewal:failed")).toMatchObject({ code: "issuer_unreachable" });
  expect((await place.run("status")).code).toBe(1);
  await serveIssuer(place, port);
  await daemon.event("renewal:settled", { withinMs: 60_000 });
  expect((await place.read()).split(".")).toHaveLength(3);
  expect(await place.run("status")).toMatchObject({ code: 0, stderr: "" });
});
