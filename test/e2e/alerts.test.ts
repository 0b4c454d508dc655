import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CHANNEL_SECRETS, type Heard } from "../support/alert-sink.ts";
import { until } from "../support/process.ts";
import { type Case, CASES } from "./alerts-cases.ts";
import { AWS, Fleet, nameOf, OPERATOR } from "./alerts-fleet.ts";
import { PATIENT } from "./place.ts";

vi.setConfig(PATIENT);

/** What follows from the same causes once they have lasted. */
const CONSEQUENCES = ["late//deadline_missed", "late//expired", "late/reader/expired", "paused//expired"].map(keyOf);
/** Nothing can be told of these before readers are in danger: it is the danger that is told. */
const AT_THE_DEADLINE = new Set(["paused_past_deadline"]);

/** Its readers have a token until something goes wrong. */
function isSafeAtFirst({ absent, reason }: Case): boolean {
  return absent !== true && reason !== "not_owned";
}

function keyOf(rest: string): string {
  return `renewd/e2e/${rest}`;
}

function caseKey({ token, target = "", reason }: Case): string {
  return keyOf(`${token}/${target}/${reason}`);
}

describe("whatever goes wrong with a token", () => {
  let fleet: Fleet;
  let killedAt: number;
  /** When it was killed: what the state knew the webhook to have been told. A telling in between may come twice. */
  let recorded: ReadonlySet<string>;

  beforeAll(async () => {
    fleet = await Fleet.launch(CASES);
    for (const { before } of CASES) await before?.(fleet);
    await fleet.declare();
    for (const each of CASES) if (isSafeAtFirst(each)) await fleet.held(each.token, each.target ?? "reader");
    for (const { during } of CASES) await during?.(fleet);
    await told([...CASES.map(caseKey), ...CONSEQUENCES], "firing");
    await until("what still fires is recorded", () =>
      CONSEQUENCES.slice(1).every((key) => fleet.recorded("hook").has(key)),
    );
    recorded = fleet.recorded("hook");
    killedAt = Date.now();
    await fleet.restart();
    for (const { mend } of CASES) await mend(fleet);
    await until("all is well", async () => (await fleet.status()).every(({ ok }) => ok));
    await told([...new Set(fleet.sinks.heard.map(({ key }) => key))], "resolved");
    await until("the other channels hear of the end", () => {
      const { manager, pager } = fleet.sinks;
      const isOver = (each: Case): boolean => mailsOf(each).at(-1)?.startsWith("RESOLVED\n") === true;
      return manager.firingAt(Date.now()).length === 0 && pager.open.size === 0 && CASES.every(isOver);
    });
  });
  afterAll(() => fleet[Symbol.asyncDispose]());

  async function told(keys: readonly string[], status: Heard["status"]): Promise<void> {
    const { sinks } = fleet;
    const isTold = (key: string): boolean => {
      const all = sinks.of(key);
      return status === "firing" ? all.length > 0 : all.at(-1)?.status === "resolved";
    };
    const open = (): readonly string[] => keys.filter((key) => !isTold(key));
    await until("every alert is told", () => open().length === 0, 150_000).catch((thrown: unknown) => {
      throw new Error(`not told to be ${status}: ${open().join(", ")}`, { cause: thrown });
    });
  }

  const mailsOf = (each: Case): readonly string[] =>
    fleet.sinks.mailed.filter(
      (mail) => mail.includes(`\n${each.token} (${nameOf(each.token)} at `) && mail.includes(`#${each.reason}\n`),
    );

  const opened = (each: Case): Heard => {
    const found = fleet.sinks.of(caseKey(each)).find(({ cause }) => cause === "opened");
    if (found === undefined) throw new Error(`${caseKey(each)} was never opened`);
    return found;
  };

  describe.each(CASES)("$token: $reason", (each) => {
    it("is told before the deadline", () => {
      const { token, target = "", reason } = each;
      const deadlineAt = fleet.deadlines.get(`${token}/${target}`) ?? Infinity;
      expect(Number.isFinite(deadlineAt)).toBe(isSafeAtFirst(each));
      if (AT_THE_DEADLINE.has(reason)) expect(Math.abs(opened(each).openedAt - deadlineAt)).toBeLessThan(10_000);
      else expect(opened(each).at).toBeLessThan(deadlineAt);
    });

    it("names the token, its name at the issuer and the consumer, and says why, what next and what to do", () => {
      const { token, target = "reader", why, you } = each;
      const { lines, labels } = opened(each);
      expect(lines.who).toBe(`${token} (${nameOf(token)} at ${token}) -> ${consumersOf(each)}`);
      expect(lines.who).toContain(target);
      expect(lines.until).toMatch(
        /^(?:Readers (?:from|since) \d\d:\d\dZ, |What readers have expired|Readers find no token of renewd's there\.|No reader is in danger by this)/,
      );
      expect(lines.why).toMatch(why);
      expect(lines.next).toMatch(/\.$/);
      expect(lines.you).toMatch(you);
      expect(labels).toMatchObject({ token, name: nameOf(token), issuer: token, reason: each.reason, instance: "e2e" });
    });

    it("reaches every channel under one key, and its end too", () => {
      const { manager } = fleet.sinks;
      const tellings = fleet.sinks.of(caseKey(each));
      expect(tellings.map(({ cause }) => cause)).toEqual(["opened", ...repeats(tellings), "resolved"]);
      const { lines, labels } = opened(each);
      const here = manager.taken.filter(
        ({ labels: { token, reason } }) => token === each.token && reason === each.reason,
      );
      // Each channel is told how it is when it is told: the words may be those of the next try.
      expect(lines.why).toMatch(each.why);
      expect(here.some(({ annotations }) => each.why.test(annotations["why"] ?? ""))).toBe(true);
      expect({ ...here[0]?.labels, severity: labels["severity"] }).toEqual(labels);
      expect(mailsOf(each).some((mail) => each.why.test(/^Why: (.*)$/m.exec(mail)?.[1] ?? ""))).toBe(true);
      expect(mailsOf(each).at(-1)).toMatch(/^RESOLVED\n/);
    });
  });

  const repeats = (tellings: readonly Heard[]): readonly string[] =>
    tellings.flatMap(({ cause }) => (cause === "repeated" ? [cause] : []));

  it("a token that expires is told to have done so, for the consumer too, and that is over as well", () => {
    for (const key of CONSEQUENCES) {
      const causes = fleet.sinks.of(key).map(({ cause }) => cause);
      expect([key, causes[0], causes.at(-1)]).toEqual([key, "opened", "resolved"]);
    }
  });

  it("a kill repeats nothing: what is told after it is graver, or over, or opened since", () => {
    const { heard } = fleet.sinks;
    const before = new Map(heard.filter(({ at }) => at <= killedAt).map((each) => [each.key, each]));
    const after = heard.filter(({ at, key }) => at > killedAt && recorded.has(key));
    const again = after.filter(
      ({ key, cause, openedAt }) => cause === "opened" && before.get(key)?.openedAt === openedAt,
    );
    expect(again).toEqual([]);
    for (const { key, cause, severity } of after) {
      if (cause === "repeated")
        expect([key, before.get(key)?.severity, severity]).toEqual([key, "warning", "critical"]);
    }
    expect(recorded.size).toBeGreaterThan(CASES.length);
    const over = new Set(after.filter(({ status }) => status === "resolved").map(({ key }) => key));
    expect([...recorded].filter((key) => !over.has(key))).toEqual([]);
  });

  it("what grows graver stays the same alert, and no severity of it is left open anywhere", () => {
    const graver = fleet.sinks.heard.filter(({ cause, severity }) => cause === "repeated" && severity === "critical");
    expect(graver.map(({ key }) => key)).toContain(keyOf("roles//roles_lost"));
    expect(fleet.sinks.manager.firingAt(Date.now())).toEqual([]);
    expect([...fleet.sinks.pager.open.keys()]).toEqual([]);
  });

  it("routes by severity and label: the pager hears what is critical of its team, and nothing else", () => {
    const { pager, heard } = fleet.sinks;
    const rung = pager.events.filter(({ event_action }) => event_action === "trigger");
    expect(new Set(rung.map(({ payload }) => payload?.severity))).toEqual(new Set(["critical"]));
    const grave = heard.filter(
      ({ severity, labels, status }) => status === "firing" && severity === "critical" && labels["team"] === "flight",
    );
    expect(new Set(rung.map(({ dedup_key }) => dedup_key))).toEqual(new Set(grave.map(({ key }) => key)));
  });

  it("no channel and no log line holds a token, a password or a key", () => {
    const { sinks, place } = fleet;
    const said = [sinks.everything, ...place.processes.map(({ stderr, stdout }) => stdout + stderr)].join("\n");
    const tokens = [...fleet.issuers.values()].flatMap(({ rows }) =>
      rows.map(({ token }) => token.split(".")[2] ?? token),
    );
    const passwords = ["correct horse", OPERATOR, AWS.AWS_SECRET_ACCESS_KEY, ...Object.values(CHANNEL_SECRETS)];
    expect(tokens.length).toBeGreaterThan(2 * CASES.length - 4);
    expect([...tokens, ...passwords].filter((secret) => said.includes(secret))).toEqual([]);
    expect(said).not.toMatch(/eyJ[\w-]{4,}\./);
    expect(said).toContain("renewd/e2e/refused//issuer_failing");
  });
});

function consumersOf({ target, aws }: Case): string {
  return target ?? (aws === true ? "reader, ireland" : "reader");
}
