/** What every channel for alerts must do: the sentences of `AlertNotifier` in src/core/notifier.ts as tests. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Alert } from "../../src/core/alert.ts";
import { type ErrorCode, RenewdError, type RetryClass } from "../../src/core/errors.ts";
import type { AlertNotifier, NotifierCapabilities, NotifierType } from "../../src/core/ports.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { limitsCountFrom } from "../support/late-limits.ts";
import { alertNamed, NEVER, openAlerts, over } from "../support/notifiers/alerts.ts";
import type { HttpChannel, Trouble } from "../support/notifiers/http-channel.ts";

/** One telling as the channel took it. */
export interface Told {
  /** By what the channel joins tellings of one incident; null where it knows no such thing. */
  readonly key: string | null;
  /** By what it tells that it was told the same already; null where it cannot. */
  readonly same: string | null;
  readonly status: "firing" | "resolved";
  /** Everything that people may see, as they see it. */
  readonly text: string;
}

export interface NotifierSubject {
  /** As `notifierTypes` has it. */
  readonly type: NotifierType;
  readonly options: Readonly<Record<string, unknown>>;
  /** By variable; none of them may come out anywhere else. */
  readonly secrets: Readonly<Record<string, string>>;
  told(): readonly Told[];
  /** How often it was called, whatever came of it. */
  calls(): number;
  /** What came in, apart from where the protocol has its secrets. */
  payloads(): readonly string[];
  /** The next call goes wrong in this way. */
  fail(failure: string): void;
  /** The next call gets no answer; resolves when it came. */
  hang(): Promise<void>;
  /** From now on nobody is there. */
  close(): Promise<void>;
}

export interface NotifierTraits {
  readonly capabilities: NotifierCapabilities;
  /** Ways to fail, by name, and what each must be called. */
  readonly failures: Readonly<Record<string, readonly [ErrorCode, RetryClass]>>;
}

const HOSTILE = [
  "<!channel> <@U123> <script>alert(1)</script> & </td>",
  "line\r\nBcc: everybody@example.org\r\n\r\n.\r\nMAIL FROM:<x>",
  "\u202Eesrever\u202C \u2066isolated\u2069 \u0000\u0007\u001B[31m red",
  "👩‍💻 שלום عربى \uD83D",
  "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
].join(" ");

export function notifierContract(
  name: string,
  traits: NotifierTraits,
  makeSubject: (clock: FakeClock) => Promise<NotifierSubject>,
): void {
  describe(`${name} as a channel for alerts`, () => {
    let clock: FakeClock;
    let subject: NotifierSubject;
    let notifier: AlertNotifier;

    beforeEach(async () => {
      clock = new FakeClock();
      subject = await makeSubject(clock);
      notifier = openAlerts(subject.type, subject.options, { clock, secrets: subject.secrets });
    });

    afterEach(async () => {
      await notifier.close();
      await subject.close();
    });

    const failure = async (running: Promise<unknown>): Promise<RenewdError> => {
      const error: unknown = await running.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(RenewdError);
      return error as RenewdError;
    };
    const secretsIn = (text: string): readonly string[] =>
      Object.values(subject.secrets).filter((secret) => text.includes(secret));

    it("is what was said of it", () => {
      expect(notifier.capabilities).toEqual(traits.capabilities);
      expect(notifier.capabilities.batchMax).toBeGreaterThan(0);
      expect(subject.type.type).toMatch(/^[a-z]+$/);
    });

    it("calls nobody when there is nothing to tell", async () => {
      await notifier.notify([], NEVER);
      expect(subject.calls()).toBe(0);
    });

    it("tells who, until when, why, what renewd does next, what you do, and where to read more", async () => {
      const alert = alertNamed("airflow-flowapi");
      await notifier.notify([alert], NEVER);
      const [told, ...others] = subject.told();
      expect(others).toEqual([]);
      expect(told?.status).toBe("firing");
      const text = told?.text ?? "";
      for (const line of Object.values(alert.lines))
        expect(text.toLowerCase()).toContain(line.replace(/\.$/, "").toLowerCase());
      expect(text.toLowerCase()).toContain("critical");
      expect(text).toContain(alert.runbookUrl);
      expect(text).toContain(alert.pageUrl);
    });

    it("names each of as many as it takes in one call", async () => {
      const { batchMax } = notifier.capabilities;
      const names = Array.from({ length: batchMax }, (_, index) => `token-${index + 1}-of`);
      await notifier.notify(
        names.map((label) => alertNamed(label)),
        NEVER,
      );
      const text = subject
        .told()
        .map((each) => each.text)
        .join("\n");
      expect(names.filter((label) => !text.includes(label))).toEqual([]);
    });

    it("can be told the same again: the channel sees that it is the same, where it can", async () => {
      const alert = alertNamed("twice");
      await notifier.notify([alert], NEVER);
      await clock.advance(60_000);
      await notifier.notify(
        [{ ...alert, lines: { ...alert.lines, until: "Readers from 02:45Z, in 1 h 11 min." } }],
        NEVER,
      );
      const [first, second] = subject.told();
      expect(second?.same).toBe(first?.same);
      expect(second?.key).toBe(first?.key);
    });

    it("tells the end under the key of the beginning, and of another incident under another", async () => {
      const alert = alertNamed("ends");
      await notifier.notify([alert], NEVER);
      await notifier.notify([over(alert)], NEVER);
      await notifier.notify([alertNamed("other")], NEVER);
      const [begun, ended, other] = subject.told();
      expect(ended?.status).toBe("resolved");
      expect(ended?.key).toBe(begun?.key);
      if (begun?.key !== null) expect(other?.key).not.toBe(begun?.key);
    });

    it("says of a test that it is one", async () => {
      await notifier.notify([alertNamed("probe", { cause: "test" })], NEVER);
      expect(subject.told()[0]?.text).toContain("TEST");
    });

    it.each(Object.entries(traits.failures))("throws when it fails: %s", async (how, [code, retry]) => {
      const isSilent = how === "no answer";
      const options = isSilent ? { ...subject.options, timeout: "200ms" } : subject.options;
      const failing = openAlerts(subject.type, options, { clock, secrets: subject.secrets });
      using _ = isSilent ? limitsCountFrom(subject.hang()) : null;
      if (!isSilent) subject.fail(how);
      const error = await failure(failing.notify([alertNamed("fails")], NEVER));
      expect(error.code, error.message).toBe(code);
      expect(error.retry).toBe(retry);
      expect(error.message.length).toBeLessThan(400);
      expect(error.message).not.toMatch(/[\p{Cc}]/u);
      expect(secretsIn(`${error.message} ${error.stack} ${String(error.cause)}`)).toEqual([]);
      expect(subject.told()).toEqual([]);
    });

    it("tells after a failure what it could not tell before", async () => {
      subject.fail(Object.keys(traits.failures)[0] ?? "");
      await failure(notifier.notify([alertNamed("late")], NEVER));
      await notifier.notify([alertNamed("late")], NEVER);
      expect(subject.told()).toHaveLength(1);
    });

    it("gives up a call that is called off", async () => {
      const off = new AbortController();
      const arrival = subject.hang();
      const failed = failure(notifier.notify([alertNamed("off")], off.signal));
      await arrival;
      off.abort();
      expect((await failed).code).toBe("channel_timeout");
    });

    it("begins nothing that was called off before", async () => {
      await failure(notifier.notify([alertNamed("off")], AbortSignal.abort()));
      expect(subject.told()).toEqual([]);
    });

    it("ends what is under way when it is closed", async () => {
      const arrival = subject.hang();
      const failed = failure(notifier.notify([alertNamed("closed")], NEVER));
      await arrival;
      await notifier.close();
      expect((await failed).code).toMatch(/^channel_(?:timeout|unreachable)$/);
    });

    it("throws when nobody is there", async () => {
      await subject.close();
      const error = await failure(notifier.notify([alertNamed("alone")], NEVER));
      expect(error.code).toBe("channel_unreachable");
      expect(error.retry).toBe("soon");
    });

    it("throws when a secret cannot be read, and calls nobody", async () => {
      const unknowing = openAlerts(subject.type, subject.options, { clock });
      expect((await failure(unknowing.notify([alertNamed("mute")], NEVER))).code).toBe("secret_unreadable");
      expect(subject.calls()).toBe(0);
    });

    it("makes hostile and endless words plain, and bounds them", async () => {
      const words = `${HOSTILE} ${"long ".repeat(20_000)}`;
      const lines = { who: `hostile ${words}`, until: words, why: words, next: words, you: words };
      const alert = alertNamed("hostile", { lines });
      await notifier.notify([{ ...alert, labels: { ...alert.labels, team: words, "no name": "x" } }], NEVER);
      const [told] = subject.told();
      expect(told?.text).toContain("hostile");
      expect(told?.text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u);
      expect(told?.text.isWellFormed()).toBe(true);
      expect(told?.text).toContain("👩‍💻 שלום عربى");
      expect(told?.text).not.toContain("eyJhbGci");
      expect(Math.max(...subject.payloads().map((each) => each.length))).toBeLessThan(64 * 1024);
    });

    it("shows none of its secrets", async () => {
      const alert: Alert = alertNamed("secret");
      await notifier.notify([alert], NEVER);
      expect(subject.payloads().flatMap(secretsIn)).toEqual([]);
    });
  });
}

/** The ways in which any HTTP channel can fail (RFC 9110 §15), and what comes of each. */
export const HTTP_FAILURES: NotifierTraits["failures"] = {
  "400 and words": ["channel_refused", "person"],
  "400 and an endless body": ["channel_refused", "person"],
  "401 with the request in its words": ["channel_credentials", "person"],
  "403": ["channel_credentials", "person"],
  "404 with the address in its words": ["channel_credentials", "person"],
  "410": ["channel_credentials", "person"],
  "307 to elsewhere": ["channel_refused", "person"],
  "408": ["channel_error", "soon"],
  "429": ["channel_throttled", "soon"],
  "500 and an endless body": ["channel_error", "soon"],
  "503": ["channel_error", "soon"],
  "503 with Retry-After": ["channel_throttled", "soon"],
  "no answer": ["channel_timeout", "soon"],
  "a reset": ["channel_unreachable", "soon"],
  "no HTTP": ["channel_error", "soon"],
};

/** What `server` does for each of `HTTP_FAILURES`. */
export function httpTrouble(failure: string, server: HttpChannel, secrets: readonly string[]): Trouble {
  const status = Number(failure.slice(0, 3));
  if (failure === "no answer") return "hang";
  if (failure === "a reset") return "reset";
  if (failure === "no HTTP") return "no_http";
  if (failure.endsWith("endless body")) return { endless: status };
  if (failure.includes("Retry-After")) return { status, headers: { "retry-after": "120" } };
  if (status === 307) return { status, headers: { location: `${server.url}/elsewhere` } };
  const words = `no: ${secrets.join(" ")} ${secrets.map((each) => URL.parse(each)?.pathname ?? each).join(" ")}\r\n\u0007`;
  return { status, text: words };
}

/** The part of a subject that is the same for every HTTP channel. */
export function httpSubject(
  server: HttpChannel,
  secrets: Readonly<Record<string, string>>,
): Pick<NotifierSubject, "secrets" | "calls" | "fail" | "hang" | "close"> {
  return {
    secrets,
    calls: () => server.seen.length,
    fail: (failure) => void server.troubles.push(httpTrouble(failure, server, Object.values(secrets))),
    hang: () => {
      server.troubles.push("hang");
      return server.arrival;
    },
    close: () => server.close(),
  };
}
