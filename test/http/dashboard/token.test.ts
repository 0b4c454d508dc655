import { describe, expect, it } from "vitest";
import type { TokenStatus } from "../../../src/core/status.ts";
import { EXP, NOW, target, token } from "../fake-control.ts";
import { bearer, serving } from "../serving.ts";
import { condition, EVIL, EVIL_SHOWN, pageOf, textOf } from "./shown.ts";

const HOUR = 3_600_000;
const older = { ...token.newest!, fingerprint: "9999888877776666", startAt: NOW - 20 * HOUR, expAt: NOW + 10 * HOUR };
const page = (changes: Partial<TokenStatus> = {}, as: "viewer" | "operator" = "viewer") =>
  pageOf("/tokens/flowapi", { tokens: [{ ...token, ...changes }] }, as);
const dialogsOf = (body: string): readonly (string | undefined)[] =>
  [...body.matchAll(/<dialog id="dialog-([\w-]+)"/g)].map(([, name]) => name);

describe("a token's page", () => {
  it("says how it is, what comes next, and what each target really holds, since when and as proved when", async () => {
    const text = textOf(await page({ comment: "for Airflow", labels: { team: "data" } }));
    for (const words of [
      "flowapi ✓ well airflow-flowapi at flowauth for Airflow team=data",
      "Next: wait until 2026-07-31 06:00:00Z (in 29 d 22 h) : not due yet",
      "airflow in aws ✓ holds the newest token",
      "holds 00112233aabbccdd , the newest expires 2026-07-31 08:00:00Z (in 30 d) since 2026-07-01 08:00:00Z (in 0 s)",
      "roles runner, viewer",
      "renew: due", // of the plan, with its arithmetic
    ]) {
      expect(text).toContain(words);
    }
  });

  it("says once until when it waits", async () => {
    const reason = "due 2026-07-31T06:00:00Z, 29 d 22 h from now";
    const text = textOf(await page({ next: { ...token.next, reason } }));
    expect(text).toContain(`Next: ${reason}`);
    expect(text).not.toContain("Next: wait until");
  });

  it("shows open incidents with the parts of an alert: why, until when, what renewd does, what you do", async () => {
    const own = { ...condition, dangerAt: NOW + HOUR, expAt: NOW + 2 * HOUR };
    const text = textOf(
      await page({ ok: false, state: "delivered_in_part", targets: [{ ...target, ok: false, conditions: [own] }] }),
    );
    expect(text).toContain(
      "Open incidents ! warning target failing in airflow why AccessDenied on PutSecretValue. readers in danger 2026-07-01 09:00:00Z (in 1 h) what they have expires 2026-07-01 10:00:00Z (in 2 h) renewd Next try 2026-07-01T09:20:00Z. you Restore that permission.",
    );
  });

  it("says of a state why it is so and what to do, and nothing twice", async () => {
    const advice = { reason: "Rolled back from 00112233.", you: "Resume it." };
    expect(textOf(await page({ state: "paused", advice }))).toContain("Rolled back from 00112233. You: Resume it.");
    const told = { ...condition, message: advice.reason };
    const twice = await page({ state: "failing", ok: false, advice, conditions: [told] });
    expect(twice.body.match(/Rolled back/g)).toHaveLength(1);
  });

  it("shows the pause, what is quarantined, drift and what fails", async () => {
    const failure = { at: NOW, code: "store_denied", message: "AccessDenied", retry: "backoff" } as never;
    const text = textOf(
      await page({
        pause: { since: NOW - HOUR, until: NOW + HOUR, reason: "a move", deliveries: true },
        quarantined: { ...older, u: 0, check: "roles", message: "it lacks runner", at: NOW, validAt: NOW, scopes: {} },
        targets: [
          {
            ...target,
            drift: { fingerprint: null, at: NOW },
            trouble: { attempts: 3, since: NOW, nextTryAt: NOW + HOUR, last: failure },
            held: { ...target.held!, fingerprint: "1111222233334444" },
          },
        ],
      }),
    );
    for (const words of [
      "until 2026-07-01 09:00:00Z (in 1 h) : a move (targets are put right all the same)",
      "quarantined 9999888877776666 : it lacks runner (roles)",
      "seen there something unreadable 2026-07-01 08:00:00Z",
      "failing 3 times since 2026-07-01 08:00:00Z: AccessDenied (store_denied)",
      "1111222233334444 , an older one",
    ]) {
      expect(text).toContain(words);
    }
  });

  it("escapes whatever comes from outside", async () => {
    const { body } = await page(
      {
        name: EVIL,
        issuer: EVIL,
        comment: EVIL,
        labels: { [EVIL]: EVIL },
        advice: { reason: EVIL, you: EVIL },
        next: { action: EVIL, at: null, reason: EVIL },
        newest: { ...token.newest!, roles: [EVIL], issuerId: EVIL },
        pause: { since: NOW, until: null, reason: EVIL, deliveries: false },
        conditions: [{ ...condition, action: EVIL, next: EVIL }],
        targets: [{ ...target, target: EVIL, store: EVIL, state: "not_owned" }],
        previous: older,
      },
      "operator",
    );
    expect(body.match(EVIL_SHOWN)?.length).toBeGreaterThanOrEqual(18);
    expect(body).not.toMatch(/<script>|alert\(1\)<\/script>/);
  });

  it("tells its history in sentences, what went wrong with a mark, and what is not understood as it is", async () => {
    await using server = await serving();
    const failed = { code: "store_denied", message: "AccessDenied", nextTryAt: NOW + HOUR };
    const issue = { fingerprint: "0011223344556677", expAt: EXP };
    server.control.history = () =>
      Promise.resolve([
        { at: NOW, type: "renewal:settled", target: null, data: { ...issue, result: "capped" } },
        { at: NOW, type: "target:failed", target: "airflow", data: failed },
        { at: NOW, type: "renewal:accepted", target: null, data: { ...issue, warnings: ["lifetime_capped"] } },
        { at: NOW, type: "person:asked", target: null, data: { what: "renew" } },
        { at: NOW, type: "renewal:minted", target: null, data: {} },
        { at: NOW, type: "of:another", target: null, data: { since: NOW } },
      ]);
    const { body } = await server.call("GET", "/tokens/flowapi", bearer("viewer"));
    const text = textOf({ body: body.slice(body.indexOf('id="history"')), status: 200, headers: {} });
    const at = "2026-07-01 08:00:00Z";
    expect(text.slice(text.indexOf("What ") + 5).trim()).toBe(
      [
        `${at} Token 0011223344556677 is in all targets; it lives shorter than was asked for`,
        `${at} ! airflow : AccessDenied (store_denied); next try 2026-07-01 09:00:00Z. The store refused permission; grant or mend what the message names, then renewd renew flowapi .`,
        `${at} Verified: lives until 2026-07-31 08:00:00Z (30 d); it lives shorter than was asked for`,
        `${at} A person asked for a renewal`,
        `${at} Renewal:minted {}`,
        `${at} Of:another {"since":"2026-07-01T08:00:00Z"}`,
      ].join(" "),
    );
  });

  it("says once and never `1 times`, puts targets in trouble first, and folds very many roles", async () => {
    const failure = { at: NOW, code: "store_denied", message: "AccessDenied", retry: "backoff" } as never;
    const trouble = { attempts: 1, since: NOW, nextTryAt: NOW + HOUR, last: failure };
    const roles = Array.from({ length: 200 }, (_, nth) => `role-${nth}`);
    const { body } = await page({
      newest: { ...token.newest!, roles },
      targets: [target, { ...target, target: "ghana", ok: false, state: "failing", trouble }],
    });
    expect(textOf({ body, status: 200, headers: {} })).toContain("failing once since 2026-07-01 08:00:00Z");
    expect(body.indexOf('id="target-ghana"')).toBeLessThan(body.indexOf('id="target-airflow"'));
    expect(body).toMatch(/<details id="roles">\s*<summary>200 roles<\/summary>/);
  });

  it("shows fifty entries of its history and on asking up to five hundred", async () => {
    await using server = await serving();
    for (const path of ["/tokens/flowapi", "/tokens/flowapi?history=500", "/tokens/flowapi?history=99999"]) {
      expect((await server.call("GET", path, bearer("viewer"))).status).toBe(200);
    }
    expect(server.control.asked.filter(([what]) => what === "history").map(([, , limit]) => limit)).toEqual([
      50, 500, 50,
    ]);
  });
});

describe("the timeline", () => {
  it("draws old and new lifetimes to scale with renewal, latest, deadline, now and windows, and says the same in words", async () => {
    const windows = [{ opensAt: EXP - 3 * HOUR, closesAt: EXP - 2 * HOUR }];
    const shown = await page({ previous: older, windows });
    const svg = /<svg class="timeline"[\s\S]*?<\/svg>/.exec(shown.body)?.[0] ?? "";
    expect(svg).toMatch(/role="img" aria-labelledby="tl-title tl-desc"/);
    const attributes = (kind: string): readonly number[] =>
      [...new RegExp(`class="${kind}"\\s+x="([\\d.]+)"[^>]*?width="([\\d.]+)"`).exec(svg)!].slice(1).map(Number);
    const span = EXP - older.startAt;
    const x = (at: number): number => ((at - older.startAt) / span) * 1_000;
    expect(attributes("life old")[0]).toBeCloseTo(0, 0);
    expect(attributes("life old")[1]).toBeCloseTo(x(older.expAt), 0);
    expect(attributes("life new")[0]).toBeCloseTo(x(NOW), 0);
    expect(attributes("risk")[0]).toBeCloseTo(x(EXP - HOUR), 0);
    expect(attributes("window")[0]).toBeCloseTo(x(EXP - 3 * HOUR), 0);
    expect(svg).toMatch(new RegExp(`<line\\s+class="nowline"\\s+x1="${Math.round(x(NOW) * 10) / 10}"`));
    expect(svg).toContain("The token before overlaps it by 10 h, until 2026-07-01 18:00:00Z.");
    const text = textOf(shown);
    for (const words of [
      "previous 9999888877776666 expires (both are valid for 10 h): 2026-07-01 18:00:00Z (in 10 h)",
      "now",
      "renewal starts: 2026-07-31 06:00:00Z",
      "a window in which it may start, 1 h long",
      "latest: from here on it is urgent",
      "deadline: later, readers get less",
    ]) {
      expect(text).toContain(words);
    }
  });

  it("tells the deadline of a target that holds an older one apart", async () => {
    const held = { ...target.held!, fingerprint: older.fingerprint, startAt: older.startAt, expAt: older.expAt };
    const lagging = { ...target, target: "ghana", held, deadlineAt: NOW + 9 * HOUR };
    const text = textOf(await page({ targets: [target, lagging] }));
    expect(text).toContain("deadline of ghana, which holds an older one: 2026-07-01 17:00:00Z (in 9 h)");
    expect(text).not.toContain("deadline of airflow");
    expect(text).toContain("in ghana 9999888877776666 expires: 2026-07-01 18:00:00Z");
  });

  it("stands the worst numbers: no end, no token, all at one instant", async () => {
    const never = 253_402_300_799_000;
    for (const changes of [
      { newest: null, schedule: null, targets: [{ ...target, held: null, deadlineAt: null }] },
      {
        newest: { ...token.newest!, expAt: never },
        schedule: { renewAt: never, latestAt: never, floorAt: NOW, deadlineAt: never },
      },
      { newest: { ...token.newest!, startAt: NOW, expAt: NOW } },
    ]) {
      const { status, body } = await page(changes);
      expect(status).toBe(200);
      expect(body).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(textOf(await page({ newest: { ...token.newest!, expAt: never } }))).toContain("never");
  });
});

describe("what an operator may do", () => {
  const quarantined = {
    ...older,
    u: 0,
    check: "roles",
    message: "it lacks runner",
    at: NOW,
    validAt: NOW,
    scopes: {},
  } as const;

  it("is what the state asks for", async () => {
    const offered = async (changes: Partial<TokenStatus>) => dialogsOf((await page(changes, "operator")).body);
    expect(await offered({})).toEqual(["renew", "pause"]);
    expect(await offered({ pause: { since: NOW, until: null, reason: null, deliveries: false } })).toContain("resume");
    expect(await offered({ previous: older })).toContain("rollback");
    expect(await offered({ previous: { ...older, expAt: NOW } })).not.toContain("rollback");
    expect(await offered({ quarantined })).toEqual(["renew", "pause", "accept", "discard"]);
    expect(await offered({ quarantined: { ...quarantined, check: "signature" } })).toEqual([
      "renew",
      "pause",
      "discard",
    ]);
    expect(await offered({ state: "waiting_for_person" })).toContain("discard");
    expect(await offered({ targets: [{ ...target, state: "not_owned" }] })).toContain("adopt-airflow");
  });

  it("is nothing for a viewer", async () => {
    const { body } = await page({ previous: older, quarantined, targets: [{ ...target, state: "not_owned" }] });
    expect(body).not.toMatch(/<dialog|<form|data-open|data-call/);
  });

  it("names in the confirmation of a rollback what is withdrawn and what is put back where", async () => {
    const dialog =
      /<dialog id="dialog-rollback"[\s\S]*?<\/dialog>/.exec((await page({ previous: older }, "operator")).body)?.[0] ??
      "";
    const text = dialog.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
    expect(text).toMatch(
      /Withdrawn for good: 00112233aabbccdd ,.*Put back: 9999888877776666 ,.*airflow: from 00112233aabbccdd to 9999888877776666/,
    );
    expect(dialog).toContain('data-call="/api/v1/tokens/flowapi/rollback"');
  });

  it("says in that confirmation what each target has now and will have", async () => {
    const held = (fingerprint: string) => ({ ...target.held!, fingerprint });
    const targets = [
      { ...target, target: "behind", held: held(older.fingerprint) },
      { ...target, target: "ancient", held: held("1111222233334444") },
      { ...target, target: "empty", held: null },
      { ...target, target: "foreign", held: null, state: "not_owned" as const },
    ];
    const { body } = await page({ previous: older, targets }, "operator");
    const changes = /<ul class="changes">([\s\S]*?)<\/ul>/.exec(body)?.[1] ?? "";
    expect(textOf({ body: changes, status: 200, headers: {} }).trim()).toBe(
      "behind holds 9999888877776666 already ancient : from 1111222233334444 , an older one, to 9999888877776666 empty : from nothing to 9999888877776666 foreign is not renewd's, and stays as it is".replaceAll(
        " :",
        ":",
      ),
    );
  });

  it("is named as commands for who has no JavaScript: as much as the buttons, and nothing to a viewer", async () => {
    const commandsOf = async (changes: Partial<TokenStatus>): Promise<readonly (string | undefined)[]> => {
      const { body } = await page(changes, "operator");
      const part = /<noscript>(?=<p>|\s*<p>)([\s\S]*?)<\/noscript>/.exec(body)?.[1] ?? "";
      return [...part.matchAll(/<code>([^<]*)<\/code>/g)].map(([, command]) => command);
    };
    expect(await commandsOf({})).toEqual(["renewd renew flowapi", "renewd pause flowapi"]);
    const pause = { since: NOW, until: null, reason: null, deliveries: false };
    const targets = [{ ...target, state: "not_owned" as const }];
    expect(await commandsOf({ pause, quarantined, previous: older, targets })).toEqual([
      "renewd resume flowapi",
      "renewd rollback flowapi",
      "renewd accept flowapi",
      "renewd discard flowapi",
      "renewd adopt flowapi airflow",
    ]);
    expect((await page({})).body).not.toContain("renewd renew flowapi");
  });

  it("chooses a lifetime of the declared, the common and any other, and is told what would gain", async () => {
    const { body } = await page({}, "operator");
    const form = /<form\s+id="renew"[\s\S]*?<\/form>/.exec(body)?.[0] ?? "";
    expect(form).toMatch(/data-declared-minutes="43200"\s+data-outlive="2026-07-31T08:00:00Z"/);
    expect(form).toMatch(/as declared: 30 d/);
    expect([...form.matchAll(/type="radio" name="lifetime" value="([^"]*)"/g)].map(([, value]) => value)).toEqual([
      "",
      "60",
      "360",
      "1440",
      "10080",
      "43200",
      "129600",
      "259200",
      "525600",
      "",
      "own",
    ]);
    const revoking = (await page({ outliveAt: null, lifetimeMs: null }, "operator")).body;
    expect(revoking).toMatch(/data-declared-minutes=""\s+data-outlive=""/);
    expect(revoking).toContain("as declared: without an end");
  });
});
